/*
 * output_path - finds out how an output path must be written.
 *
 * A file is replaced by a rename. A rename would replace a link instead of its target, and a device
 * by a file. So links are followed first, and descriptors, devices and FIFOs have kinds of their
 * own.
 */
#ifndef S3DOCK_BASE_OUTPUT_PATH_H
#define S3DOCK_BASE_OUTPUT_PATH_H

#include <limits.h>
#include <sys/stat.h>

struct err;

enum output_path_kind {
    OUTPUT_PATH_NEW,        /* does not exist: a file can be made */
    OUTPUT_PATH_FILE,       /* a regular file: it can be replaced */
    OUTPUT_PATH_DESCRIPTOR, /* a descriptor of this process, as /dev/stdout is: `fd` */
    /* A device, a FIFO, a descriptor of another process, a mounted file: to be written in place. */
    OUTPUT_PATH_FIXED,
};

struct output_path {
    enum output_path_kind kind;
    char path[PATH_MAX]; /* without links */
    int fd;              /* for OUTPUT_PATH_DESCRIPTOR, else -1 */
    struct stat st;      /* for OUTPUT_PATH_FILE and OUTPUT_PATH_FIXED */
};

/* Follows the links of `path`. local.output: a folder, a socket, a loop of links, or a link of
 * another user in a sticky folder such as /tmp. */
int output_path_find(struct output_path *out, const char *path, struct err *err);

/* Returns the path of a temporary file in the same folder: the path and a suffix of at most 64
 * bytes. A name that would be too long for a file system is cut before the suffix, between two
 * UTF-8 characters. The caller frees it. NULL: no memory. */
char *output_path_beside(const char *path, const char *suffix);

#endif
