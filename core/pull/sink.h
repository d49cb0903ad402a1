/*
 * sink - the destination of a pulled image: a daemon's load, a file, a descriptor, or nothing.
 *
 * One thread writes to it, in order. After sink_finish, the image has arrived.
 */
#ifndef S3DOCK_PULL_SINK_H
#define S3DOCK_PULL_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "flow/cancel.h"

struct err;
struct docker;
struct docker_loaded;

struct sink;
struct sink_table {
    int (*write)(struct sink *sink, struct view bytes, struct err *err);
    /* Call this after all bytes were written and verified: confirms them. */
    int (*finish)(struct sink *sink, struct err *err);
    uint64_t (*room)(const struct sink *sink); /* NULL: unknown */
    void (*destroy)(struct sink *sink);        /* before finish: deletes the written bytes */
};
struct sink {
    const struct sink_table *table;
    const char *kind;
    const struct docker_loaded *loaded; /* after finish: the daemon's report; NULL: none */
    bool in_place; /* written bytes cannot be taken back, so a pull cannot start again */
};

/* `line` gets each line of progress that the daemon prints while it loads; it is called on the
 * thread that calls sink_finish. */
struct sink *sink_docker(struct docker *docker, void (*line)(void *arg, const char *line),
                         void *arg, struct err *err);
/* A file appears under `path` at finish, complete, or not at all. Links are followed; an existing
 * file is replaced and keeps its owner and mode. A descriptor of this process (/dev/stdout), a
 * device and a FIFO are written in place. */
struct sink *sink_file(const char *path, const struct cancel *cancel, struct err *err);
/* Borrows fd. A write fails with local.unread (CODE_UNREAD) when the reader has closed the pipe. */
struct sink *sink_fd(int fd, const struct cancel *cancel, struct err *err);
struct sink *sink_null(struct err *err);

/* Returns the free bytes of the disk of a file; UINT64_MAX: not a file, or unknown. */
uint64_t sink_room(const struct sink *sink);
int sink_write(struct sink *sink, struct view bytes, struct err *err);
int sink_finish(struct sink *sink, struct err *err);
void sink_destroy(struct sink *sink); /* takes NULL */

#endif
