/*
 * thin_chain.h - pushes thin images into a bucket of numbers: the real choice, look-up and table of
 * own chunks, without bytes.
 */
#ifndef S3DOCK_TESTS_KIT_THIN_CHAIN_H
#define S3DOCK_TESTS_KIT_THIN_CHAIN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "push/plan/own_chunks.h"
#include "push/plan/thin_choice.h"

#define CHAIN_PUSHES_MAX 64

/* The chunks of an image, in order. */
struct chain_image {
    uint32_t count;
    const struct index_chunk *chunks;
};

/* The result of a push. `objects`: the bucket's numbers of the objects of the index. */
struct chain_push {
    struct index *index;
    unsigned objects[INDEX_OBJECTS_MAX];
    uint64_t written;
};

/* A chunk that a push has written. */
struct chain_chunk {
    uint64_t offset;
    struct index_chunk chunk;
};

struct chain {
    unsigned count;
    struct chain_chunk *written[CHAIN_PUSHES_MAX]; /* in the object of each push */
    uint32_t written_count[CHAIN_PUSHES_MAX];
    uint64_t sizes[CHAIN_PUSHES_MAX]; /* of the object that each push has written */
    struct chain_push last;
};

static inline struct index *chain_index(uint32_t chunks)
{
    struct index *index = calloc(1, sizeof *index);
    struct index_section *section = calloc(1, sizeof *section);

    if (!index || !section)
        abort();
    section->layer = INDEX_REST;
    section->chunks = calloc(chunks, sizeof *section->chunks);
    section->extents = calloc(chunks, sizeof *section->extents);
    index->names = NAME_SHA256;
    index->sections = section;
    index->section_count = 1;
    index->objects = calloc(INDEX_OBJECTS_MAX, sizeof *index->objects);
    if (!section->chunks || !section->extents || !index->objects)
        abort();
    return index;
}

/* Adds a chunk that lies in an object of the bucket. */
static inline void chain_place(struct chain_push *push, const struct index_chunk *chunk,
                               unsigned object, uint64_t offset)
{
    struct index_section *section = &push->index->sections[0];
    struct index_extent *last =
        section->extent_count ? &section->extents[section->extent_count - 1] : NULL;
    static uint64_t end;
    unsigned number = 0;

    while (number < push->index->object_count && push->objects[number] != object)
        number++;
    if (number == INDEX_OBJECTS_MAX)
        abort();
    if (number == push->index->object_count)
        push->objects[push->index->object_count++] = object;
    if (last && last->object == number && end == offset)
        last->chunks++;
    else
        section->extents[section->extent_count++] =
            (struct index_extent){.chunks = 1, .object = (uint16_t)number, .offset = offset};
    end = offset + chunk->packed_size;
    section->chunks[section->chunk_count++] = *chunk;
    section->packed_size += chunk->packed_size;
    section->raw_size += chunk->raw_size;
    push->index->archive_size = section->packed_size;
    push->index->raw_size = section->raw_size;
}

/* The last image of the chain as the only base. */
static inline void chain_base(const struct chain *chain, struct bases *bases)
{
    struct held_index *held = &bases->held[0];
    struct err err;

    *bases = (struct bases){.known = chunk_lookup_create(&err)};
    if (!chain->last.index)
        return;
    held->index = chain->last.index;
    for (unsigned i = 0; i < held->index->object_count; i++) {
        struct base_object object = {.size = chain->sizes[chain->last.objects[i]]};

        snprintf(object.key, sizeof object.key, "%06u", chain->last.objects[i]);
        held->objects[i] = (unsigned char)bases_object(bases, &object);
    }
    bases->count = 1;
    if (thin_choose(bases, NULL, 0, &THIN_LIMITS, &err) ||
        chunk_lookup_add(bases->known, held, &err))
        abort();
}

/* Pushes an image against the one before. */
static inline void chain_add(struct chain *chain, const struct chain_image *image)
{
    struct chain_push push = {.index = chain_index(image->count)};
    uint64_t *offsets = calloc(image->count, sizeof *offsets), first;
    struct err err;
    struct own_chunks *own = own_chunks_create(&err);
    struct held_chunk held;
    struct bases bases;
    uint32_t cursor = 0;
    bool repeat;

    chain->written[chain->count] = calloc(image->count, sizeof *chain->written[0]);
    if (!chain->written[chain->count])
        abort();
    chain_base(chain, &bases);
    for (uint32_t i = 0; i < image->count; i++) {
        const struct index_chunk *chunk = &image->chunks[i];

        if (chunk_lookup_find(bases.known, &chunk->name, chunk->raw_size, &cursor, &held)) {
            chain_place(&push, chunk, (unsigned)atoi(bases.objects[held.object].key), held.offset);
            continue;
        }
        if (!offsets || own_chunks_add(own, chunk, i, &repeat, &first, &err))
            abort();
        if (!repeat) {
            first = i;
            offsets[i] = push.written;
            chain->written[chain->count][chain->written_count[chain->count]++] =
                (struct chain_chunk){.offset = push.written, .chunk = *chunk};
            push.written += chunk->packed_size;
        }
        chain_place(&push, chunk, chain->count, offsets[first]);
    }
    free(offsets);
    own_chunks_destroy(own);
    bases_finish(&bases); /* with the index of the image before */
    chain->sizes[chain->count++] = push.written;
    chain->last = push;
}

/* Returns the chunk that begins at `offset` of an object; NULL: none does. */
static inline const struct index_chunk *chain_chunk_at(const struct chain *chain, unsigned object,
                                                       uint64_t offset)
{
    uint32_t low = 0, high = chain->written_count[object];

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct chain_chunk *chunk = &chain->written[object][middle];

        if (chunk->offset == offset)
            return &chunk->chunk;
        if (chunk->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static inline void chain_finish(struct chain *chain)
{
    for (unsigned i = 0; i < chain->count; i++)
        free(chain->written[i]);
    index_destroy(chain->last.index);
}

#endif
