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

enum output_path_kind {
    OUTPUT_PATH_NEW,        /* nothing is there: a file can be made */
    OUTPUT_PATH_FILE,       /* a regular file: it can be replaced */
    OUTPUT_PATH_DESCRIPTOR, /* a descriptor of this process, as /dev/stdout is: `fd` */
    OUTPUT_PATH_FIXED, /* a device, a FIFO, a descriptor of another process, a file that is mounted: it is
                    written in place */
};

struct output_path {
    enum output_path_kind kind;
    char path[PATH_MAX]; /* behind all links */
    int fd;              /* of OUTPUT_PATH_DESCRIPTOR, else -1 */
    struct stat st;      /* unless it is OUTPUT_PATH_NEW or OUTPUT_PATH_DESCRIPTOR */
};

/* Follows the links of `path`. Fails with local.output for a folder, a socket, and a loop of links.
 */
int output_path_find(struct output_path *out, const char *path, struct err *err);

#endif
