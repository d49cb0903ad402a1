/*
 * unpack - a streaming reader of the packings that an image archive may come in: gzip, zstd, xz and
 * bzip2.
 *
 * Several members, frames or streams one after the other are read as one. Zero padding at the end
 * is accepted where the packing's own program accepts it (gzip, xz), other trailing bytes are not.
 * Memory is bounded: a dictionary or window larger than UNPACK_MEMORY_MAX is refused.
 */
#ifndef S3DOCK_PACK_CODEC_UNPACK_H
#define S3DOCK_PACK_CODEC_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

#define UNPACK_LOOK       10 /* bytes by which a packing is known */
#define UNPACK_MEMORY_MAX (256 * MIB)

/* One kind of packing: a row of the table. */
struct packing {
    const char *name;
    const char *command;               /* the program that unpacks it, as a user types it */
    bool (*begins)(struct view bytes); /* of the input: at least UNPACK_LOOK, if it has so many */
    void *(*create)(struct err *err);
    int (*read)(void *state, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                struct err *err);
    int (*finish)(void *state, struct err *err);
    void (*destroy)(void *state);
};

/* The packing of an input that begins so; NULL: none of these. */
const struct packing *packing_of(struct view begin);

struct unpack;
/* Fails when there is no memory. */
struct unpack *unpack_create(const struct packing *packing, struct err *err);
void unpack_destroy(struct unpack *unpack); /* takes NULL */
/* Takes bytes from *in (advancing it) and writes at most cap bytes; returns how many in *produced.
 * With *in empty and *produced < cap more input is needed. Fails with integrity.NAME, and with
 * unsupported.packing where UNPACK_MEMORY_MAX does not suffice. A reader that has failed fails
 * again. */
int unpack_read(struct unpack *unpack, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                struct err *err);
/* Returns 0 when the input may end here: nothing that has begun is unfinished. */
int unpack_finish(struct unpack *unpack, struct err *err);

#endif
