/*
 * checkpoint_file - where this user keeps the state of an unfinished upload: one file for each
 * store and key, in the cache folder. Who works on it holds its lock.
 */
#ifndef S3DOCK_PUSH_RESUME_CHECKPOINT_FILE_H
#define S3DOCK_PUSH_RESUME_CHECKPOINT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "store/store.h"

struct err;

struct checkpoint_file {
    char path[PATH_MAX];
    int fd; /* -1: not open */
};

/* Opens (creating) and locks it. 0; FILE_BUSY: another push holds it; negative: there cannot be
 * one. */
int checkpoint_file_open(struct checkpoint_file *file, const struct store *store, const char *key,
                         struct err *err);
/* The same by the name that checkpoint_file_list gave. */
int checkpoint_file_open_name(struct checkpoint_file *file, const char *name, struct err *err);
int checkpoint_file_read(const struct checkpoint_file *file, struct text *out, struct err *err);
/* Its first `size` bytes stay. */
int checkpoint_file_cut(const struct checkpoint_file *file, size_t size, struct err *err);
int checkpoint_file_add(const struct checkpoint_file *file, struct view bytes, struct err *err);
void checkpoint_file_remove(struct checkpoint_file *file); /* and closes it */
void checkpoint_file_close(struct checkpoint_file *file);

/* One that was found: what its head says, and how far it came. Strings are empty in a damaged one.
 */
struct checkpoint_found {
    char name[64];
    char store[768], key[STORE_KEY_MAX], upload[STORE_UPLOAD_MAX];
    char folder[STORE_KEY_MAX]; /* of its temporary objects, or "" */
    uint64_t size;              /* bytes of the parts that had arrived */
    int64_t touched;            /* wall ns */
    bool busy;                  /* a push holds it */
};
/* All of this user's. free() the array. */
int checkpoint_file_list(struct checkpoint_found **out, size_t *count, struct err *err);

#endif
