/*
 * chunk_lookup - the chunks that archives of the bucket hold already: where each lies, found by its
 * name.
 *
 * Filled from indexes, read-only from then on: lookups may come from any thread. 56 to 64 bytes a
 * chunk, at most CHUNK_LOOKUP_MAX of them (32 MiB; four archives of 1.4 GB images take 7 MiB).
 */
#ifndef S3DOCK_PACK_INDEX_CHUNK_LOOKUP_H
#define S3DOCK_PACK_INDEX_CHUNK_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/index/index.h"

struct err;

#define CHUNK_LOOKUP_MAX (512u * 1024)

/* A chunk's place in an archive of the bucket. size 0: no archive has it. */
struct held_chunk {
    unsigned base; /* the number that chunk_lookup_add was given */
    uint32_t size; /* packed */
    uint64_t offset;
    uint64_t ahead; /* packed bytes from here on that will all be held, one behind the other, as far
                       as is known: this chunk's and those of the next ones; 0: only this one's */
};

struct chunk_lookup;
struct chunk_lookup *chunk_lookup_create(struct err *err);
void chunk_lookup_destroy(struct chunk_lookup *known); /* takes NULL */

/* Adds all chunks of an index whose sections have been read, and whose names are NAME_SHA256: what
 * is found is copied without being seen. 0; or KNOWN_FULL when they do not fit
 * any more, and nothing was added. */
enum { KNOWN_FULL = 1 };
int chunk_lookup_add(struct chunk_lookup *known, unsigned base, const struct index *index,
                     struct err *err);
uint32_t chunk_lookup_count(const struct chunk_lookup *known);

/* Where the chunk of this name and raw size lies. Of several places the one right behind the last
 * answer, so that runs go on; else the nearest behind it; else any. `cursor` is the caller's memory
 * between lookups, 0 at first. False, and out->size 0, when it is not known. */
bool chunk_lookup_find(const struct chunk_lookup *known, const struct chunk_name *name,
                       uint32_t raw_size, uint32_t *cursor, struct held_chunk *out);

#endif
