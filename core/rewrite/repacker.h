/*
 * repacker - unpacks chunks and packs them again with another codec.
 *
 * The raw bytes of a chunk, and so its name, stay the same. Its packed size changes.
 */
#ifndef S3DOCK_REWRITE_REPACKER_H
#define S3DOCK_REWRITE_REPACKER_H

#include <stdint.h>

#include "catalog/metadata.h"
#include "pack/codec/codec.h"

struct err;
struct store;

struct repack_chunk {
    const struct metadata_object *object;
    uint64_t offset;
    uint32_t size, raw_size;
    uint64_t ahead; /* bytes from the offset on that are read at once: at least `size` */
};

struct repacker;
/* Belongs to one thread. usage.level: the codec has no such level. */
struct repacker *repacker_create(struct store *store, const struct codec_choice *choice,
                                 struct err *err);
void repacker_destroy(struct repacker *repacker); /* takes NULL */
/* Writes the packed chunk to `out` (codec_bound(raw_size) bytes) and waits. A chunk in stored form
 * stays in stored form. integrity.chunk: its sum is wrong; conflict.changed. */
int repacker_run(struct repacker *repacker, const struct repack_chunk *chunk, uint8_t *out,
                 uint32_t *size, struct err *err);

#endif
