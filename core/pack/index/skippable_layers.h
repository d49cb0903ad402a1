/*
 * skippable_layers - the layers that a push need not read, because an archive of the bucket holds
 * all of their chunks. States the position in each of them after which reading may stop.
 *
 * The diffID identifies the bytes of a layer, and an index lists the chunks of the layer with that
 * diffID. If the index is correct (docs/format.md, "Layers that are not read"), the chunks are
 * known without reading the bytes. The beginning of the archive is read anyway, unless it equals
 * that of an archive of the bucket: the first copy needs bytes to be joined to
 * (push/plan/part_planner.h).
 *
 * Pure: the reader reports each chunk and gets back when to stop.
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
    unsigned base;                       /* the number of the index */
    const struct held_index *held;       /* the index; borrowed */
    const struct index_section *section; /* of the index */
};

struct skippable_layers {
    uint64_t lead; /* packed bytes that must precede the first skipped chunk */
    unsigned count;
    struct skippable_layer layers[IMAGE_LAYERS_MAX]; /* in the order of the stream */

    /* The position in the stream. */
    unsigned layer;
    uint32_t chunk;
    uint64_t held, held_here; /* packed bytes of held chunks so far, and of this layer */
    bool broken;              /* the chunks so far are not one run of one object */
    unsigned run_object;
    uint64_t run_end;
};

#define SKIPPABLE_LEAST (2 * MIB) /* packed bytes; a shorter rest is read */

/* Returns the section of the index that can replace the layer: a plain tar of the diffID, with the
 * same cut, whose chunks are loaded. *size: of the layer's tar. NULL: there is none. */
const struct index_section *skippable_section(const struct index *index, const char *diff_id,
                                              const struct chunk_params *params, uint64_t *size);

void skippable_init(struct skippable_layers *unread, uint64_t lead);
/* Adds the next layer of the stream: a tar of raw_size bytes at raw_offset. Does nothing if none of
 * the indexes has it, in objects that may be used. `held` is borrowed. */
void skippable_add(struct skippable_layers *unread, const char *diff_id, uint64_t raw_offset,
                   uint64_t raw_size, const struct held_index *held, unsigned held_count,
                   const struct chunk_params *params);

/* Reports a chunk that ends `at` bytes into the stream. Returns the layer whose rest, from
 * layer->chunks[*first] on, must now be skipped; the skipped chunks are not reported. Otherwise
 * returns NULL. */
const struct skippable_layer *skippable_next(struct skippable_layers *unread,
                                             const struct index_chunk *chunk,
                                             const struct held_chunk *held, uint64_t at,
                                             uint32_t *first);

/* Returns true if no further layer can be skipped: later chunks need not be reported. */
bool skippable_is_over(const struct skippable_layers *unread);

#endif
