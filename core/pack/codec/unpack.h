/*
 * unpack - a streaming reader of packed image archives: gzip, zstd, xz and bzip2.
 *
 * Consecutive members, frames or streams are read as one. Zero padding at the end is accepted where
 * the packing's own program accepts it (gzip, xz); other trailing bytes fail. Memory is bounded: a
 * dictionary or window larger than the caller allows is refused.
 */
#ifndef S3DOCK_PACK_CODEC_UNPACK_H
#define S3DOCK_PACK_CODEC_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

#define UNPACK_LOOK 10 /* bytes that identify a packing */
/* Limits of a dictionary or window. Archives of a bucket are read by many hosts, also by small
 * ones, and s3dock writes them with at most 256 KiB. */
#define UNPACK_MEMORY_MAX    (256 * MIB) /* of an input that a user names */
#define UNPACK_MEMORY_BUCKET (8 * MIB)

/* One kind of packing: a row of the table. */
struct packing {
    const char *name;
    const char *command;               /* the command that unpacks it, for messages */
    bool (*begins)(struct view bytes); /* gets UNPACK_LOOK bytes, or all */
    void *(*create)(size_t memory, struct err *err);
    int (*read)(void *state, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                struct err *err);
    int (*finish)(void *state, struct err *err);
    void (*destroy)(void *state);
};

/* Returns the packing of an input with these first bytes, or NULL if it is none of the table. */
const struct packing *packing_of(struct view begin);

struct unpack;
/* `memory`: the limit, one of those above. Fails when there is no memory. */
struct unpack *unpack_create(const struct packing *packing, size_t memory, struct err *err);
void unpack_destroy(struct unpack *unpack); /* takes NULL */
/* Consumes bytes of *in, advancing it, and writes at most cap bytes. *produced: the bytes written.
 * If *in is empty and *produced < cap, more input is needed. Fails with integrity.NAME, and with
 * unsupported.packing if the limit does not suffice. A failed reader keeps failing. */
int unpack_read(struct unpack *unpack, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                struct err *err);
/* Returns 0 if the input may end here: no member, frame or stream is incomplete. */
int unpack_finish(struct unpack *unpack, struct err *err);

#endif
