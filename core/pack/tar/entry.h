/*
 * entry - one entry of a tar, and the bounds of its parts.
 */
#ifndef S3DOCK_PACK_TAR_ENTRY_H
#define S3DOCK_PACK_TAR_ENTRY_H

#include <stdint.h>

#define TAR_BLOCK    512
#define TAR_NAME_MAX 4096
#define TAR_PAX_MAX  (64 * 1024)

enum tar_type { TAR_FILE, TAR_HARDLINK, TAR_SYMLINK, TAR_DIRECTORY, TAR_OTHER };

struct tar_entry {
    enum tar_type type;
    uint64_t size;             /* of the payload */
    char name[TAR_NAME_MAX];   /* as written, NUL-terminated */
    char target[TAR_NAME_MAX]; /* of a link, else "" */
};

#endif
