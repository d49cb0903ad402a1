/*
 * chunk_lookup - finds a chunk by its name in archives of the bucket.
 *
 * Filled from indexes, then read-only: any thread may look up. 56 to 64 bytes a chunk, at most
 * CHUNK_LOOKUP_MAX chunks (32 MiB; four archives of 1.4 GB images take 7 MiB).
 */
#ifndef S3DOCK_PACK_INDEX_CHUNK_LOOKUP_H
#define S3DOCK_PACK_INDEX_CHUNK_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/index/held_index.h"

struct err;

#define CHUNK_LOOKUP_MAX (512u * 1024)

/* The position of a chunk in an object. size 0: no object has it. */
struct held_chunk {
    unsigned object; /* its number: held_index.h */
    uint32_t size;   /* packed */
    uint64_t offset;
    /* Packed bytes of this chunk and of the next ones that are held in sequence, as far as is
     * known; 0: only this chunk. */
    uint64_t run_size;
};

struct chunk_lookup;
struct chunk_lookup *chunk_lookup_create(struct err *err);
void chunk_lookup_destroy(struct chunk_lookup *known); /* takes NULL */

/* Adds the chunks of an index that may be used. Their names must be NAME_SHA256,
 * because a push copies chunks that it finds without reading them. Returns 0, or KNOWN_FULL when
 * the chunks do not fit; then none was added. */
enum { KNOWN_FULL = 1 };
int chunk_lookup_add(struct chunk_lookup *known, const struct held_index *held, struct err *err);
uint32_t chunk_lookup_count(const struct chunk_lookup *known);

/* Finds the chunk of this name and raw size. Of several positions it prefers the one right after
 * the last result, so that runs continue, then the nearest one after it. `cursor` keeps the last
 * result between calls; it starts with 0. Returns false, with out->size 0, if no archive has the
 * chunk. */
bool chunk_lookup_find(const struct chunk_lookup *known, const struct chunk_name *name,
                       uint32_t raw_size, uint32_t *cursor, struct held_chunk *out);

#endif
