/*
 * The list is made in one pass over the sections and their chunks, since ranges and sections
 * ascend.
 */
#include "pull/plan/needed_chunks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/err.h"
#include "pull/partial/partial.h"

static int compare_ranges(const void *a, const void *b)
{
    const struct raw_range *left = a, *right = b;

    return (left->offset > right->offset) - (left->offset < right->offset);
}

void needed_sort_ranges(struct raw_range *ranges, unsigned count)
{
    if (count)
        qsort(ranges, count, sizeof *ranges, compare_ranges);
}

unsigned needed_layer_ranges(const struct image_info *image, const bool *leave_out,
                             struct raw_range *ranges)
{
    unsigned count = 0;

    for (unsigned i = 0; i < image->layer_count; i++)
        if (!leave_out || !leave_out[i])
            ranges[count++] =
                (struct raw_range){image->layers[i].raw_offset, image->layers[i].raw_size};
    needed_sort_ranges(ranges, count);
    return count;
}

static uint64_t end_of(const struct raw_range *range)
{
    return range->offset + range->size;
}

/* Returns true if [offset, offset + size) holds bytes of a range. *at keeps the position in the
 * list for the next call, whose offset must not be lower. */
static bool touches(const struct raw_range *ranges, unsigned count, unsigned *at, uint64_t offset,
                    uint64_t size)
{
    while (*at < count && (!ranges[*at].size || end_of(&ranges[*at]) <= offset))
        ++*at;
    return *at < count && ranges[*at].offset < offset + size;
}

void needed_sections(const struct index *index, const struct raw_range *ranges, unsigned count,
                     bool *need)
{
    unsigned at = 0;

    for (unsigned i = 0; i < index->section_count; i++)
        need[i] =
            touches(ranges, count, &at, index->sections[i].raw_offset, index->sections[i].raw_size);
}

static int add_chunk(struct needed_chunks *needed, size_t *room, const struct needed_chunk *chunk,
                     struct err *err)
{
    if (!array_reserve(&needed->chunks, room, needed->count, sizeof *needed->chunks))
        return err_memory(err, "the plan of the pull");
    needed->chunks[needed->count++] = *chunk;
    needed->packed_size += chunk->chunk.packed_size;
    return 0;
}

static int add_section(struct needed_chunks *needed, size_t *room, const struct index *index,
                       const struct index_section *section, const struct raw_range *ranges,
                       unsigned count, struct err *err)
{
    struct needed_chunk chunk = {.raw_offset = section->raw_offset,
                                 .seed_offset = NEEDED_FROM_ARCHIVE};
    const struct index_chunk *next;
    struct index_cursor cursor;
    struct index_place place;
    unsigned at = 0;

    index_cursor_init(&cursor, section);
    while ((next = index_cursor_next(&cursor, &place))) {
        chunk.chunk = *next;
        chunk.packed_offset = index_address(index, &place);
        chunk.object = (uint8_t)place.object;
        chunk.original = needed->count;
        if (touches(ranges, count, &at, chunk.raw_offset, chunk.chunk.raw_size) &&
            add_chunk(needed, room, &chunk, err))
            return ERR_FAIL;
        chunk.raw_offset += chunk.chunk.raw_size;
    }
    return 0;
}

/* ---- repeats ---- */

static bool ascends(const struct needed_chunks *needed)
{
    for (uint32_t i = 1; i < needed->count; i++)
        if (needed->chunks[i].packed_offset <= needed->chunks[i - 1].packed_offset)
            return false;
    return true;
}

struct place {
    uint64_t address;
    uint32_t chunk;
};

static int by_address(const void *a, const void *b)
{
    const struct place *left = a, *right = b;

    if (left->address != right->address)
        return left->address < right->address ? -1 : 1;
    return (left->chunk > right->chunk) - (left->chunk < right->chunk);
}

uint32_t *needed_by_address(const struct needed_chunks *needed, struct err *err)
{
    size_t room = needed->count ? needed->count : 1;
    struct place *places = calloc(room, sizeof *places);
    uint32_t *order = calloc(room, sizeof *order);

    if (!places || !order) {
        err_memory(err, "the plan of the pull");
        free(places);
        free(order);
        return NULL;
    }
    for (uint32_t i = 0; i < needed->count; i++)
        places[i] = (struct place){.address = needed->chunks[i].packed_offset, .chunk = i};
    qsort(places, needed->count, sizeof *places, by_address);
    for (uint32_t i = 0; i < needed->count; i++)
        order[i] = places[i].chunk;
    free(places);
    return order;
}

/* Only the chunks of a thin image can repeat: those of a whole one ascend. */
static int mark_repeats(struct needed_chunks *needed, struct err *err)
{
    uint32_t *order;

    needed->ascends = ascends(needed);
    if (needed->ascends)
        return 0;
    order = needed_by_address(needed, err);
    if (!order)
        return ERR_FAIL;
    for (uint32_t i = 1; i < needed->count; i++)
        needed->chunks[order[i]].repeat =
            needed->chunks[order[i]].packed_offset == needed->chunks[order[i - 1]].packed_offset;
    free(order);
    return 0;
}

struct needed_chunks *needed_create(const struct index *index, const struct raw_range *ranges,
                                    unsigned count, struct err *err)
{
    struct needed_chunks *needed = calloc(1, sizeof *needed);
    size_t room = 0;
    unsigned at = 0;

    if (!needed) {
        err_memory(err, "the plan of the pull");
        return NULL;
    }
    needed->names = index->names;
    needed->compare = index->names == NAME_XXH3;
    needed->seed_fd = -1;
    for (unsigned i = 0; i < index->object_count; i++)
        needed->codecs[i] = index->objects[i].codec;
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_section *section = &index->sections[i];

        if (!touches(ranges, count, &at, section->raw_offset, section->raw_size))
            continue;
        if (add_section(needed, &room, index, section, ranges, count, err)) {
            needed_destroy(needed);
            return NULL;
        }
    }
    if (mark_repeats(needed, err)) {
        needed_destroy(needed);
        return NULL;
    }
    return needed;
}

void needed_destroy(struct needed_chunks *needed)
{
    if (!needed)
        return;
    if (needed->seed_fd >= 0)
        close(needed->seed_fd);
    free(needed->chunks);
    name_table_finish(&needed->table);
    free(needed);
}

int needed_by_name(struct needed_chunks *needed, struct err *err)
{
    if (name_table_init(&needed->table, needed->chunks, sizeof *needed->chunks, needed->count, err))
        return ERR_FAIL;
    for (uint32_t i = 0; i < needed->count; i++) {
        struct needed_chunk *chunk = &needed->chunks[i];
        uint32_t *slot = name_table_slot(&needed->table, &chunk->chunk.name, chunk->chunk.raw_size);

        chunk->original = slot && *slot != NAME_NONE ? *slot : i;
        if (chunk->original != i)
            needed->chunks[chunk->original].shared = true;
        else if (slot)
            *slot = i;
    }
    return 0;
}

struct needed_chunk *needed_find(struct needed_chunks *needed, const struct chunk_name *name,
                                 uint32_t raw_size)
{
    const uint32_t *slot = name_table_slot(&needed->table, name, raw_size);

    return slot && *slot != NAME_NONE ? &needed->chunks[*slot] : NULL;
}

uint64_t needed_place(const struct needed_chunks *needed, const struct needed_chunk *chunk)
{
    return needed->chunks[chunk->original].seed_offset;
}

bool needed_is_kept(const struct needed_chunk *chunk)
{
    return chunk->kept || chunk->fetched;
}

uint64_t needed_kept(struct needed_chunks *needed, const struct partial *partial)
{
    uint64_t kept = 0;

    for (uint32_t i = 0; i < needed->count; i++) {
        struct needed_chunk *chunk = &needed->chunks[i];

        chunk->kept = partial_holds(partial, chunk->packed_offset, chunk->chunk.packed_size);
        kept += chunk->kept && !chunk->repeat ? chunk->chunk.packed_size : 0;
    }
    return kept;
}

static bool is_missing(const struct needed_chunks *needed, const struct needed_chunk *chunk)
{
    return needed_place(needed, chunk) == NEEDED_FROM_ARCHIVE && !chunk->kept;
}

bool needed_counts(const struct needed_chunks *needed, const struct needed_chunk *chunk)
{
    return !chunk->repeat && is_missing(needed, chunk);
}

uint64_t needed_missing(const struct needed_chunks *needed)
{
    uint64_t missing = 0;

    for (uint32_t i = 0; i < needed->count; i++)
        if (needed_counts(needed, &needed->chunks[i]))
            missing += needed->chunks[i].chunk.packed_size;
    return missing;
}

bool needed_misses(const struct needed_chunks *needed, uint64_t raw_offset)
{
    uint32_t low = 0, high = needed->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (needed->chunks[middle].raw_offset < raw_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < needed->count && needed->chunks[low].raw_offset == raw_offset &&
           is_missing(needed, &needed->chunks[low]);
}
