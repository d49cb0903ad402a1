/*
 * upload_folder - the folder .s3dock/uploads/ID of an unfinished upload.
 *
 *   key     the key of the object
 *   data    the future object, with parts at their final offsets
 *   table   the records of the parts (parts.h)
 *   part-*  parts that have no place in `data`
 */
#ifndef S3DOCK_STORE_DIR_UPLOAD_FOLDER_H
#define S3DOCK_STORE_DIR_UPLOAD_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "store/dir/bucket.h"

#define UPLOAD_KEY   "key"
#define UPLOAD_DATA  "data"
#define UPLOAD_TABLE "table"

struct dir_upload {
    const struct dir_bucket *bucket;
    int folder; /* open */
};

/* Creates the folder with its key file. */
int dir_upload_make(const struct dir_bucket *bucket, const char *id, const char *key,
                    struct err *err);
/* Opens the folder of op->upload_id_in. Returns 0; STORE_ABSENT when there is no such upload for
 * op->key; negative on failure. */
int dir_upload_open(struct dir_upload *up, const struct dir_bucket *bucket,
                    const struct store_op *op, struct err *err);
void dir_upload_close(struct dir_upload *up);
void dir_upload_remove(const struct dir_bucket *bucket, const char *id);

bool dir_upload_id_is_valid(const char *id);
/* Opens the folder. Returns 0 and *fd, STORE_ABSENT, or negative. */
int dir_upload_folder(const struct dir_bucket *bucket, const char *id, int *fd, struct err *err);
/* Reads the key of an upload. Returns false if it has none. */
bool dir_upload_read_key(const struct dir_bucket *bucket, int folder, char *out, size_t size);

#endif
