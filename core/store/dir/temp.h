/*
 * temp - temporary files of a bucket folder, and unique names.
 */
#ifndef S3DOCK_STORE_DIR_TEMP_H
#define S3DOCK_STORE_DIR_TEMP_H

#include "store/dir/bucket.h"

/* A new file in DIR_TMP. Clear `name` after it was renamed. */
struct dir_temp {
    int fd, folder;
    char name[40];
};
int dir_temp_create(struct dir_bucket *bucket, struct dir_temp *temp, struct err *err);
/* Closes the file, and deletes it unless its name is cleared. */
void dir_temp_finish(struct dir_temp *temp);
/* Writes a unique name: time and random bits in hex, ascending with time. */
void dir_unique(char out[40]);

/* Deletes a folder and the files in it, `last` (may be NULL) as the last of them. */
int dir_remove_folder(int parent, const char *name, const char *last);

#endif
