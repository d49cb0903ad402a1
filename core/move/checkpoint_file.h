/*
 * checkpoint_file - where this user keeps the state of an unfinished upload: one file for each
 * store and key, in the cache folder. Who works on it holds its lock.
 */
#ifndef S3DOCK_MOVE_CHECKPOINT_FILE_H
#define S3DOCK_MOVE_CHECKPOINT_FILE_H

#include <limits.h>

#include "base/bytes.h"
#include "wire/store.h"

struct err;

struct checkpoint_file {
    char path[PATH_MAX];
    int fd; /* -1: not open */
};

/* Opens (creating) and locks it. 0; FILE_BUSY: another push holds it; negative: there cannot be
 * one. */
int checkpoint_file_open(struct checkpoint_file *file, const struct store *store, const char *key,
                         struct err *err);
int checkpoint_file_read(const struct checkpoint_file *file, struct text *out, struct err *err);
/* Its first `size` bytes stay. */
int checkpoint_file_cut(const struct checkpoint_file *file, size_t size, struct err *err);
int checkpoint_file_add(const struct checkpoint_file *file, struct view bytes, struct err *err);
void checkpoint_file_remove(struct checkpoint_file *file); /* and closes it */
void checkpoint_file_close(struct checkpoint_file *file);

#endif
