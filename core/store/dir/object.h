/*
 * object - objects as files under one folder: keys, temporary files, the commit.
 *
 * Used by one thread per store; other processes (and other stores of this one) may work in the same
 * folder at the same time.
 */
#ifndef S3DOCK_STORE_DIR_OBJECT_H
#define S3DOCK_STORE_DIR_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "store/store.h"

/* What is ours in the bucket's folder and never shows as a key. */
#define DIR_OWN      ".s3dock"
#define DIR_TMP      DIR_OWN "/tmp"
#define DIR_UPLOADS  DIR_OWN "/uploads"
#define DIR_NAME_MAX 255 /* bytes of one component: NAME_MAX of every file system in use */

struct dir_bucket {
    int root;                    /* the bucket's folder, open */
    const char *where;           /* for messages; borrowed */
    const struct cancel *cancel; /* ends an op; NULL for one that a cancel must not end */
    const struct cancel *flag;   /* the same flag, always: bounds the waits of such an op */
    int64_t patience;            /* ns: the longest wait for a lock */
    bool swept;                  /* left-overs of killed processes were looked for */
    struct dir_seen *seen;       /* dir_list: the folder in which the last page ended, or NULL */
};

/* usage.key for what cannot be the name of an object here: empty, absolute, "." or ".." or an empty
 * component, a control character, a component or the whole too long, or DIR_OWN. */
int dir_key_check(const char *key, struct err *err);
/* True for names of the top folder that are no keys ("name" or "name/"). */
bool dir_is_own(const char *name);

/* Opens the folder of `path`'s last component (`*leaf`, inside path) without following a symbolic
 * link. 0 and *fd (the caller closes it), STORE_ABSENT when a folder is missing and `make` is not
 * set, negative on failure. */
int dir_folder(const struct dir_bucket *bucket, const char *path, bool make, int *fd,
               const char **leaf, struct err *err);

/* Size, time and ETag of a file. The ETag is made of size and modification time, and a commit never
 * gives a key the ETag of the object it replaces; so it survives a copy of the folder that keeps
 * times (cp -a, rsync -a). */
void dir_info(const struct stat *st, struct store_info *info);

/* Opens a regular file of `folder` (mode 0666 when it is made). Waits for nothing and follows no
 * link: somebody may have put a FIFO, a device or a link there. 0 and *fd; STORE_ABSENT when there
 * is no regular file and `flags` do not make one; negative on failure (local.layout for a name that
 * is no regular file). */
int dir_file(const struct dir_bucket *bucket, int folder, const char *name, int flags, int *fd,
             struct err *err);

/* Opens an object for reading. 0 and *fd, STORE_ABSENT, or negative. */
int dir_object_open(const struct dir_bucket *bucket, const char *key, int *fd,
                    struct store_info *info, struct err *err);

/* A file in the making, in DIR_TMP. */
struct dir_temp {
    int fd, folder;
    char name[40];
};
int dir_temp_create(struct dir_bucket *bucket, struct dir_temp *temp, struct err *err);
/* Closes it, and removes it unless it was committed. */
void dir_temp_finish(struct dir_temp *temp);
/* A name that nobody else has: time and chance, in hex, ascending with time. */
void dir_unique(char out[40]);

/* Makes the open file `fd`, named `name` in `folder`, the object of op->key: synced, stamped, and
 * renamed under the bucket's lock when op's conditions hold. STORE_CHANGED when they do not. */
enum store_answer dir_commit(const struct dir_bucket *bucket, int folder, const char *name, int fd,
                             struct store_op *op, struct err *err);
/* Removes an object and the folders that are empty without it. Absent is done. STORE_CHANGED: it is
 * not the one that op->if_match means. */
int dir_remove(const struct dir_bucket *bucket, const struct store_op *op, struct err *err);

/* Writes all of `bytes` at `offset`, in steps that look at the cancel flag. */
int dir_write(const struct dir_bucket *bucket, int fd, struct view bytes, uint64_t offset,
              struct err *err);
/* Copies inside the kernel where it can (sharing blocks on file systems that know how). */
int dir_copy(const struct dir_bucket *bucket, int from, uint64_t from_offset, int to,
             uint64_t to_offset, uint64_t length, struct err *err);

/* Removes a folder and the files in it, `last` (may be NULL) as the last of them. */
int dir_remove_folder(int parent, const char *name, const char *last);

#endif
