/*
 * folder - a folder for the lifetime of the fuzzer, in memory if possible.
 */
#ifndef S3DOCK_TESTS_FUZZ_FOLDER_H
#define S3DOCK_TESTS_FUZZ_FOLDER_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

static char folder[64]; /* "" until it exists */

static inline void check(bool good)
{
    if (!good)
        abort();
}

static inline void folder_remove(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    (void)!system(command);
}

static inline void folder_make(void)
{
    snprintf(folder, sizeof folder, "%s/s3dock-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    check(mkdtemp(folder) && atexit(folder_remove) == 0);
}

/* Returns a path in the folder, valid until the fourth call after this one. */
static inline const char *folder_path(const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *out = path[next++ % 4];

    check(snprintf(out, sizeof path[0], "%s/%s", folder, name) < (int)sizeof path[0]);
    return out;
}

/* Creates the parent folders of a file with this name. */
static inline void folder_way(const char *name)
{
    char way[512];

    check(str_copy(way, sizeof way, name));
    for (char *end = way; *end; end++)
        if (*end == '/') {
            *end = '\0';
            (void)mkdir(folder_path(way), 0755);
            *end = '/';
        }
}

static inline void folder_put(const char *name, struct view bytes)
{
    int fd = open(folder_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

    check(fd >= 0 && write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size);
    close(fd);
}

#endif
