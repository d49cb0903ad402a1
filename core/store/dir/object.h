/*
 * object - objects of a bucket folder: open, commit, delete.
 */
#ifndef S3DOCK_STORE_DIR_OBJECT_H
#define S3DOCK_STORE_DIR_OBJECT_H

#include "store/dir/bucket.h"

/* Opens an object for reading. Returns 0 and *fd, STORE_ABSENT, or negative. */
int dir_object_open(const struct dir_bucket *bucket, const char *key, int *fd,
                    struct store_info *info, struct err *err);
/* Makes the open file `fd`, named `name` in `folder`, the object of op->key: synced, stamped, and
 * renamed under the bucket's lock if op's conditions hold. STORE_CHANGED when they do not. */
enum store_answer dir_commit(const struct dir_bucket *bucket, int folder, const char *name, int fd,
                             struct store_op *op, struct err *err);
/* Deletes an object, and the folders that are empty without it. An absent object counts as deleted.
 * STORE_CHANGED: the object has another ETag than op->if_match. */
int dir_remove(const struct dir_bucket *bucket, const struct store_op *op, struct err *err);

#endif
