/*
 * source - a save stream to read: an export of a daemon, an archive file, or a descriptor.
 *
 * Reads block, and one thread reads.
 */
#ifndef S3DOCK_TRANSFER_SOURCE_H
#define S3DOCK_TRANSFER_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/cancel.h"

struct err;
struct docker;
struct docker_platform;
struct skippable_layers;

enum source_kind { SOURCE_LAYERS, SOURCE_DOCKER, SOURCE_FILE, SOURCE_STDIN };
/* "layers", "docker", "file", "stdin": for messages and results. */
const char *source_kind_name(enum source_kind kind);

struct source;
struct source_table {
    /* Reads 1 to `cap` bytes; 0: the end; negative: failure. */
    long (*read)(struct source *source, uint8_t *out, size_t cap, struct err *err);
    void (*destroy)(struct source *source);
    /* Skips the next `size` bytes. NULL: the source cannot skip. */
    int (*skip)(struct source *source, uint64_t size, struct err *err);
};
struct source {
    const struct source_table *table;
    uint64_t size_hint; /* bytes of the stream, an estimate; 0: unknown */
    enum source_kind kind;
    bool others;      /* there are images for other platforms, too, which it leaves out */
    const char *name; /* what the user named it: "image.tar"; NULL: the user did not */
    struct skippable_layers *unread; /* layers that may be skipped, for the reader; or NULL */
    const atomic_bool *stop; /* the reader's; NULL: none. A pipe or a daemon that is silent is not
                                waited for once it is set */
};

/* The export begins with the first read, because a daemon may think about it for minutes.
 * `platform` NULL: the daemon chooses. Borrows the daemon, the reference and the platform. */
struct source *source_docker(struct docker *docker, const char *reference,
                             const struct docker_platform *platform, uint64_t size_hint,
                             struct err *err);
/* A save archive, plain or packed (unpack.h). */
struct source *source_file(const char *path, const struct cancel *cancel, struct err *err);
/* Borrows the descriptor (standard input). */
struct source *source_fd(int fd, const struct cancel *cancel, struct err *err);

long source_read(struct source *source, uint8_t *out, size_t cap, struct err *err);
/* Only while unread bytes remain. */
int source_skip(struct source *source, uint64_t size, struct err *err);
void source_destroy(struct source *source); /* takes NULL */

#endif
