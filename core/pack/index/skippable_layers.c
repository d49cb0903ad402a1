/*
 * Each chunk that was read of such a layer must be the chunk of the index. Otherwise the index
 * describes another cut, and the layer is read to its end.
 */
#include "pack/index/skippable_layers.h"

#include <string.h>

#include "base/digest_text.h"
#include "pack/chunk/chunker.h"
#include "pack/codec/layer_digest.h"

/* ---- which layers ---- */

static bool same_cut(const struct index *index, const struct chunk_params *params)
{
    return index->params.min == params->min && index->params.average == params->average &&
           index->params.max == params->max && index->params.file_min == params->file_min;
}

static bool is_layer(const struct image_layer *layer, const char *diff_id)
{
    return strcmp(layer->diff_id, diff_id) == 0 && strcmp(layer->digest, diff_id) == 0 &&
           strcmp(layer->media_type, LAYER_PLAIN_TAR) == 0;
}

const struct index_section *skippable_section(const struct index *index, const char *diff_id,
                                              const struct chunk_params *params, uint64_t *size)
{
    if (!same_cut(index, params))
        return NULL;
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_section *section = &index->sections[i];
        const struct image_layer *layer;

        if (section->layer == INDEX_REST || !section->chunks)
            continue;
        layer = &index->image.layers[section->layer];
        if (is_layer(layer, diff_id)) {
            *size = layer->raw_size;
            return section;
        }
    }
    return NULL;
}

void skippable_init(struct skippable_layers *unread, uint64_t lead)
{
    *unread = (struct skippable_layers){.lead = lead};
}

static void add_from(struct skippable_layers *unread, const char *diff_id, uint64_t raw_offset,
                     unsigned base, const struct held_index *held,
                     const struct index_section *section)
{
    struct skippable_layer *layer = &unread->layers[unread->count];

    *layer = (struct skippable_layer){.raw_offset = raw_offset,
                                      .raw_size = section->raw_size,
                                      .base = base,
                                      .held = held,
                                      .section = section};
    unread->count += digest_text_read(diff_id, layer->digest);
}

void skippable_add(struct skippable_layers *unread, const char *diff_id, uint64_t raw_offset,
                   uint64_t raw_size, const struct held_index *held, unsigned held_count,
                   const struct chunk_params *params)
{
    unsigned last = unread->count ? unread->layers[unread->count - 1].base : 0;

    if (unread->count == IMAGE_LAYERS_MAX)
        return;
    for (unsigned i = 0; i < held_count; i++) {
        unsigned base = (last + i) % held_count; /* the last layer's base first */
        uint64_t size;
        const struct index_section *section =
            skippable_section(held[base].index, diff_id, params, &size);

        if (section && size == raw_size && section->packed_size >= SKIPPABLE_LEAST &&
            held_index_allows_section(&held[base], section)) {
            add_from(unread, diff_id, raw_offset, base, &held[base], section);
            return;
        }
    }
}

/* ---- where to stop reading ---- */

static void count_held(struct skippable_layers *u, const struct held_chunk *held)
{
    if (u->held && (held->object != u->run_object || held->offset != u->run_end))
        u->broken = true;
    if (held->size == 0)
        u->broken = true;
    u->run_object = held->object;
    u->run_end = held->offset + held->size;
    u->held += held->size;
}

static void go_to_next(struct skippable_layers *u)
{
    u->layer++;
    u->chunk = 0;
    u->held_here = 0;
}

/* Returns true if the chunk is the next one of the layer. */
static bool follows(struct skippable_layers *u, const struct skippable_layer *layer,
                    const struct index_chunk *chunk)
{
    const struct index_chunk *expected = &layer->section->chunks[u->chunk];

    if (chunk->raw_size != expected->raw_size || !chunk_name_equals(&chunk->name, &expected->name))
        return false;
    u->held_here += expected->packed_size;
    return ++u->chunk < layer->section->chunk_count;
}

/* Returns true if all chunks so far and the rest of the layer are one run of one object. */
static bool is_one_run(const struct skippable_layers *u, const struct skippable_layer *layer)
{
    const struct index_extent *extent = &layer->section->extents[0];

    return !u->broken && layer->section->extent_count == 1 &&
           u->run_object == layer->held->objects[extent->object] &&
           u->run_end == extent->offset + u->held_here;
}

static bool may_end(const struct skippable_layers *u, const struct skippable_layer *layer)
{
    uint64_t rest = layer->section->packed_size - u->held_here;

    return rest >= SKIPPABLE_LEAST &&
           (u->held >= u->lead || (is_one_run(u, layer) && u->held + rest >= u->lead));
}

/* The rest of the layer is skipped. */
static void pass(struct skippable_layers *u, const struct skippable_layer *layer)
{
    uint64_t rest = layer->section->packed_size - u->held_here;

    u->broken = !is_one_run(u, layer);
    u->held += rest;
    u->run_end += rest;
    go_to_next(u);
}

const struct skippable_layer *skippable_next(struct skippable_layers *unread,
                                             const struct index_chunk *chunk,
                                             const struct held_chunk *held, uint64_t at,
                                             uint32_t *first)
{
    const struct skippable_layer *layer = &unread->layers[unread->layer];

    count_held(unread, held);
    if (unread->layer == unread->count || at < layer->raw_offset)
        return NULL;
    if (at > layer->raw_offset && !follows(unread, layer, chunk)) {
        go_to_next(unread);
        return NULL;
    }
    if (!may_end(unread, layer))
        return NULL;
    *first = unread->chunk;
    pass(unread, layer);
    return layer;
}

bool skippable_is_over(const struct skippable_layers *unread)
{
    return unread->layer == unread->count;
}
