/* scratch - the folder of a test program, for its buckets and files. */
#ifndef S3DOCK_KIT_SCRATCH_H
#define S3DOCK_KIT_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>

static char dir[] = "/tmp/s3dock-test-XXXXXX";

/* Creates the folder. 0, or -1: it cannot. */
static inline int scratch_create(void)
{
    return mkdtemp(dir) ? 0 : -1;
}

/* Removes it with all that is in it. 0, or -1: it cannot. */
static inline int scratch_remove(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) ? -1 : 0; /* NOLINT: a fixed command */
}

/* The same, as the teardown of a group of tests. */
static inline int scratch_teardown(void **state)
{
    (void)state;
    return scratch_remove();
}

/* The path of a file in it. Valid until the thread's fourth call after this one. */
static inline const char *path_of(const char *name)
{
    static _Thread_local char path[4][512];
    static _Thread_local unsigned next;
    char *out = path[next++ % 4];

    snprintf(out, sizeof path[0], "%s/%s", dir, name);
    return out;
}

#endif
