/*
 * bucket - the folder of a bucket: which names are keys, and how its folders and files are opened.
 *
 * One thread of each store uses it. Other processes, and other stores of this one, may work in the
 * same folder at the same time.
 */
#ifndef S3DOCK_STORE_DIR_BUCKET_H
#define S3DOCK_STORE_DIR_BUCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "os/folder.h"
#include "store/store.h"

/* The store's own files in the bucket's folder, which are never listed as keys. */
#define DIR_OWN      ".s3dock"
#define DIR_TMP      DIR_OWN "/tmp"
#define DIR_UPLOADS  DIR_OWN "/uploads"
#define DIR_NAME_MAX 255 /* bytes of one component: NAME_MAX of all common file systems */

struct dir_bucket {
    int root;                    /* the bucket's folder, open */
    const char *where;           /* for messages; borrowed */
    const struct cancel *cancel; /* ends an op; NULL for an op that a cancel must not end */
    const struct cancel *flag;   /* the same flag, always: it bounds the waits of such an op */
    int64_t patience;            /* ns: the longest wait for a lock */
    enum os_case letters;        /* of the folder, as far as it is known */
    bool swept;                  /* old temporary files were looked for (temp.h) */
    struct dir_seen *seen;       /* list.h: the folder in which the last page ended, or NULL */
};

/* usage.key: the key is empty or absolute, has a component that is empty, "." or "..", a control
 * character, is too long, or begins with DIR_OWN. */
int dir_key_check(const char *key, struct err *err);
/* Returns true for names of the top folder that are no keys ("name" or "name/"). */
bool dir_is_own(const char *name);

/* Finds out, once it can, whether the bucket's folder ignores upper and lower case. */
void dir_learn_case(struct dir_bucket *bucket);
/* Why a name is looked up. */
enum dir_access {
    DIR_READ,  /* what does not exist is STORE_ABSENT */
    DIR_WRITE, /* missing folders are made; another spelling of the name is a failure */
};

/* Compares `name` with its spelling in `folder`, if the bucket's folder may ignore case. 0: the
 * name is absent or has this spelling. Otherwise STORE_ABSENT, as with S3, or, for DIR_WRITE, a
 * failure: conflict.spelling. Negative on any other failure. */
int dir_check_spelling(const struct dir_bucket *bucket, int folder, const char *name,
                       enum dir_access access, struct err *err);

/* Returns STORE_ABSENT for a name that was not opened because it is missing, or is a file instead
 * of a folder or the reverse. Any other name, such as a symbolic link, fails with local.layout: it
 * may stand for an object that the user has moved, which must not count as deleted. */
int dir_absent(const struct dir_bucket *bucket, int folder, const char *name, struct err *err);

/* Opens the folder of the last component of `path` (`*leaf`, inside path), and checks the spelling
 * of the components before it. Follows no symbolic link. Returns 0 and *fd, which the caller
 * closes; STORE_ABSENT when a folder is missing, for DIR_READ (dir_absent); negative on failure. */
int dir_folder(const struct dir_bucket *bucket, const char *path, enum dir_access access, int *fd,
               const char **leaf, struct err *err);
/* Syncs an open folder. */
int dir_sync_folder(const struct dir_bucket *bucket, int fd, struct err *err);

/* Fills size, time and ETag of a file. The ETag consists of size and modification time. A commit
 * never gives a key the ETag of the object that it replaces. ETags survive a copy of the folder
 * that keeps times (cp -a, rsync -a). */
void dir_info(const struct stat *st, struct store_info *info);

/* Opens a regular file of `folder`; a new one gets mode 0666. Never blocks and follows no link: the
 * name may be a FIFO, a device or a link. Returns 0 and *fd; STORE_ABSENT when there is no regular
 * file and `flags` do not create one; negative on failure (local.layout: no regular file). */
int dir_file(const struct dir_bucket *bucket, int folder, const char *name, int flags, int *fd,
             struct err *err);

#endif
