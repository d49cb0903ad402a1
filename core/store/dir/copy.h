/*
 * copy - writes and copies bytes of files in steps, between which a cancel ends it.
 */
#ifndef S3DOCK_STORE_DIR_COPY_H
#define S3DOCK_STORE_DIR_COPY_H

#include <stdint.h>

#include "store/dir/bucket.h"

/* Writes all of `bytes` at `offset`. */
int dir_write(const struct dir_bucket *bucket, int fd, struct view bytes, uint64_t offset,
              struct err *err);
/* Copies `length` bytes, inside the kernel if possible: some file systems share the blocks. */
int dir_copy(const struct dir_bucket *bucket, int from, uint64_t from_offset, int to,
             uint64_t to_offset, uint64_t length, struct err *err);

#endif
