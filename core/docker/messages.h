/*
 * messages - reads the daemon's messages during a load: JSON objects one after the other, in
 * pieces. Pure.
 */
#ifndef S3DOCK_DOCKER_MESSAGES_H
#define S3DOCK_DOCKER_MESSAGES_H

#include <stdbool.h>

#include "base/bytes.h"

struct err;

#define DOCKER_MESSAGE_MAX (1 * MIB) /* of one object; larger ones are skipped */

/* The loaded images, as the daemon names them. */
#define DOCKER_LOADED_MAX 16
struct docker_loaded {
    unsigned count;
    char names[DOCKER_LOADED_MAX][300]; /* references or ids */
    bool more;                          /* there were more */
};

struct docker_messages {
    struct text object; /* the current one */
    unsigned depth;
    bool in_string, escaped;
    void (*line)(void *arg, const char *line); /* or NULL */
    void *arg;

    bool failed;     /* the daemon reported a failure: `error` */
    char error[512]; /* printable */
    struct docker_loaded loaded;
    char stray[128]; /* the beginning of text outside of objects, or "" */
};

/* `line` gets each line of progress, printable and without its end. */
void docker_messages_init(struct docker_messages *stream, void (*line)(void *arg, const char *line),
                          void *arg);
void docker_messages_feed(struct docker_messages *stream, struct view bytes);
void docker_messages_finish(struct docker_messages *stream); /* frees; the results stay readable */

/* Writes the message of an error response (status 400 or more): its "message", or the text itself.
 * Printable. */
void docker_error_message(struct view body, char *out, size_t size);

#endif
