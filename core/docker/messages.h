/*
 * messages - what the daemon says while it works: JSON objects, one after the other, cut
 * anywhere. Pure.
 */
#ifndef S3DOCK_DOCKER_MESSAGES_H
#define S3DOCK_DOCKER_MESSAGES_H

#include <stdbool.h>

#include "base/bytes.h"

struct err;

#define DOCKER_SAYING_MAX (1 * MIB) /* of one object; larger ones are passed over */

/* The images that the daemon says it has loaded, in its words. */
#define DOCKER_LOADED_MAX 16
struct docker_loaded {
    unsigned count;
    char names[DOCKER_LOADED_MAX][300]; /* references or ids */
    bool more;                          /* it said more than fit */
};

struct docker_messages {
    struct text object; /* being gathered */
    unsigned depth;
    bool in_string, escaped;
    void (*line)(void *arg, const char *line); /* NULL: nobody listens */
    void *arg;

    bool failed;     /* the daemon said that it failed: `error` says why */
    char error[512]; /* printable */
    struct docker_loaded loaded;
    char stray[128]; /* the beginning of what was no JSON, or "" */
};

/* `line` gets each line of progress, printable and without its end. */
void docker_messages_init(struct docker_messages *stream, void (*line)(void *arg, const char *line),
                          void *arg);
void docker_messages_feed(struct docker_messages *stream, struct view bytes);
void docker_messages_finish(struct docker_messages *stream); /* frees; the findings stay readable */

/* The message of an error answer (a status of 400 or more): its "message", podman's too, or the
 * text itself. Printable. */
void docker_error_message(struct view body, char *out, size_t size);

#endif
