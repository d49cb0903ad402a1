/*
 * skippable_layers - the layers of an image that need not be read, because an archive of the bucket
 * holds all of their chunks, and where in each of them reading may end.
 *
 * A layer's diffID says what bytes it has, and an index says which chunks the layer of that diffID
 * is made of. Who believes the index (docs/format.md, "Layers that are not read") knows the chunks
 * without having seen the bytes. The beginning of the archive is read all the same, unless it is
 * that of an archive of the bucket, too: copies must have something to be joined to (placer.h).
 *
 * Pure: who reads tells each chunk, and is told when to stop.
 */
#ifndef S3DOCK_PACK_INDEX_SKIPPABLE_LAYERS_H
#define S3DOCK_PACK_INDEX_SKIPPABLE_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "pack/image/image.h"
#include "pack/index/chunk_lookup.h"
#include "pack/index/index.h"

struct skippable_layer {
    uint64_t raw_offset, raw_size; /* of its payload in the stream that is pushed; padded */
    uint8_t digest[SHA256_SIZE];
    unsigned base;
    uint64_t packed_offset, packed_size; /* in the base */
    uint32_t chunk_count;
    const struct index_chunk *chunks; /* borrowed from the base's index */
};

struct skippable_layers {
    uint64_t lead; /* packed bytes that are to come before the first that are left out */
    unsigned count;
    struct skippable_layer layers[IMAGE_LAYERS_MAX]; /* in the order of the stream */

    /* Where the stream is. */
    unsigned layer;
    uint32_t chunk;
    uint64_t held, held_here; /* packed bytes of held chunks so far, and of this layer */
    bool broken;              /* what came so far is not one run of one base */
    unsigned run_base;
    uint64_t run_end;
};

#define SKIPPABLE_LEAST (2 * MIB) /* packed: less is read */

/* The section of the layer in that index when it can stand for the layer: a plain tar of that
 * diffID, cut as it is cut here, all chunks known. *size: of the layer's tar. Else NULL. */
const struct index_section *skippable_section(const struct index *index, const char *diff_id,
                                              const struct chunk_params *params, uint64_t *size);

void skippable_init(struct skippable_layers *unread, uint64_t lead);
/* The next layer of the stream: its tar has raw_size bytes and stands at raw_offset. Does nothing
 * when none of the indexes (by the number of their base) holds it. */
void skippable_add(struct skippable_layers *unread, const char *diff_id, uint64_t raw_offset,
                   uint64_t raw_size, const struct index *const *indexes, unsigned index_count,
                   const struct chunk_params *params);

/* A chunk has ended, `at` bytes into the stream. The layer whose rest, from layer->chunks[*first]
 * on, may be left out from here; the caller does so, and does not tell those chunks. Else NULL. */
const struct skippable_layer *skippable_next(struct skippable_layers *unread,
                                             const struct index_chunk *chunk,
                                             const struct held_chunk *held, uint64_t at,
                                             uint32_t *first);

/* Whether no layer can be left out any more: the chunks that follow need not be told. */
bool skippable_is_over(const struct skippable_layers *unread);

#endif
