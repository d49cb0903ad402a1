/*
 * libraries - the libraries that this program uses, with the versions that are loaded.
 */
#ifndef S3DOCK_CLI_COMMANDS_LIBRARIES_H
#define S3DOCK_CLI_COMMANDS_LIBRARIES_H

#include <stddef.h>

#define LIBRARIES_MAX   16
#define LIBRARY_VERSION 48

struct library {
    const char *name; /* static */
    char version[LIBRARY_VERSION];
};

/* Fills `out` in the order of the names, and returns the number of libraries. */
size_t libraries_list(struct library out[LIBRARIES_MAX]);

#endif
