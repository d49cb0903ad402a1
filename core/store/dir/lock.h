/*
 * lock - the locks of a directory store: locks of files, with a bound on the wait.
 */
#ifndef S3DOCK_STORE_DIR_LOCK_H
#define S3DOCK_STORE_DIR_LOCK_H

#include "store/dir/bucket.h"

/* Takes the exclusive lock of an open file; close(fd) releases it. While another process holds it,
 * a note is printed after a third of bucket->patience (10 s at most). The note names the process if
 * the system reports it. network.busy: bucket->patience is over. ERR_CANCELLED: within a tick of a
 * cancel (1.5 s for an op that a cancel must not end). */
int dir_lock(const struct dir_bucket *bucket, int fd, struct err *err);
/* Opens the lock file of the whole bucket and takes its lock. 0 and *fd, or negative. */
int dir_lock_bucket(const struct dir_bucket *bucket, int *fd, struct err *err);

#endif
