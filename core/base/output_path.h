/*
 * output_path - what a path leads to when something is written there.
 *
 * A file is replaced by a rename, which would replace a link instead of the file that it leads to,
 * and would turn a device into a file. So links are followed first, and descriptors, devices and
 * FIFOs have kinds of their own.
 */
#ifndef S3DOCK_BASE_OUTPUT_PATH_H
#define S3DOCK_BASE_OUTPUT_PATH_H

#include <limits.h>
#include <sys/stat.h>

struct err;

enum place_kind {
    PLACE_NEW,        /* nothing is there: a file can be made */
    PLACE_FILE,       /* a regular file: it can be replaced */
    PLACE_DESCRIPTOR, /* a descriptor of this process, as /dev/stdout is: `fd` */
    PLACE_FIXED, /* a device, a FIFO, a descriptor of another process, a file that is mounted: it is
                    written in place */
};

struct place {
    enum place_kind kind;
    char path[PATH_MAX]; /* behind all links */
    int fd;              /* of PLACE_DESCRIPTOR, else -1 */
    struct stat st;      /* unless it is PLACE_NEW or PLACE_DESCRIPTOR */
};

/* Follows the links of `path`. Fails with local.output for a folder, a socket, and a loop of links.
 */
int place_find(struct place *out, const char *path, struct err *err);

#endif
