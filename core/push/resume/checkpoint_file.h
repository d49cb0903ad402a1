/*
 * checkpoint_file - the checkpoints of this user: one file for each store and image key, in the
 * cache folder. A push holds a lock on its file.
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

/* Opens the file, creates it if needed, and locks it. Returns 0; FILE_BUSY: another push holds the
 * lock; negative: the file cannot be used. */
int checkpoint_file_open(struct checkpoint_file *file, const struct store *store,
                         const char *image_key, struct err *err);
/* The same for a name from checkpoint_file_list. */
int checkpoint_file_open_name(struct checkpoint_file *file, const char *name, struct err *err);
int checkpoint_file_read(const struct checkpoint_file *file, struct text *out, struct err *err);
/* Truncates the file to `size` bytes. */
int checkpoint_file_cut(const struct checkpoint_file *file, size_t size, struct err *err);
int checkpoint_file_add(const struct checkpoint_file *file, struct view bytes, struct err *err);
void checkpoint_file_remove(struct checkpoint_file *file); /* deletes and closes it */
void checkpoint_file_close(struct checkpoint_file *file);

/* The summary of a file. The strings are empty if the file is damaged. */
struct checkpoint_found {
    char name[64];
    char store[768], key[STORE_KEY_MAX], upload[STORE_UPLOAD_MAX];
    char folder[STORE_KEY_MAX]; /* of its temporary objects, or "" */
    uint64_t size;              /* bytes of the parts that the store has confirmed */
    int64_t touched;            /* wall ns */
    bool busy;                  /* a push holds its lock */
};
/* Lists all files of this user. free() the array. */
int checkpoint_file_list(struct checkpoint_found **out, size_t *count, struct err *err);

#endif
