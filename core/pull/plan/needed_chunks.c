#include "pull/plan/needed_chunks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "pull/partial/partial.h"

static uint64_t end_of(const struct raw_range *range)
{
    return range->offset + range->size;
}

/* Whether [offset, offset + size) holds bytes of a range. `at` goes along with ascending calls. */
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

static int add(struct needed_chunks *wanted, uint32_t *room, const struct needed_chunk *chunk,
               struct err *err)
{
    if (wanted->count == *room) {
        uint32_t more = *room ? 2 * *room : 1024;
        void *larger = realloc(wanted->chunks, more * sizeof *wanted->chunks);

        if (!larger)
            return err_memory(err, "the plan of the pull");
        wanted->chunks = larger;
        *room = more;
    }
    wanted->chunks[wanted->count++] = *chunk;
    wanted->packed_size += chunk->chunk.packed_size;
    return 0;
}

static int add_section(struct needed_chunks *wanted, uint32_t *room,
                       const struct index_section *section, const struct raw_range *ranges,
                       unsigned count, struct err *err)
{
    struct needed_chunk chunk = {.raw_offset = section->raw_offset,
                                 .packed_offset = section->packed_offset,
                                 .spool_at = NEEDED_FROM_ARCHIVE};
    unsigned at = 0;

    for (uint32_t i = 0; i < section->chunk_count; i++) {
        chunk.chunk = section->chunks[i];
        chunk.twin = wanted->count;
        if (touches(ranges, count, &at, chunk.raw_offset, chunk.chunk.raw_size) &&
            add(wanted, room, &chunk, err))
            return ERR_FAIL;
        chunk.raw_offset += chunk.chunk.raw_size;
        chunk.packed_offset += chunk.chunk.packed_size;
    }
    return 0;
}

struct needed_chunks *needed_create(const struct index *index, const struct raw_range *ranges,
                                    unsigned count, struct err *err)
{
    struct needed_chunks *wanted = calloc(1, sizeof *wanted);
    uint32_t room = 0;
    unsigned at = 0;

    if (!wanted) {
        err_memory(err, "the plan of the pull");
        return NULL;
    }
    wanted->names = index->names;
    wanted->compare = index->names == NAME_XXH3;
    wanted->spool = -1;
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_section *section = &index->sections[i];

        if (!touches(ranges, count, &at, section->raw_offset, section->raw_size))
            continue;
        if (add_section(wanted, &room, section, ranges, count, err)) {
            needed_destroy(wanted);
            return NULL;
        }
    }
    return wanted;
}

void needed_destroy(struct needed_chunks *wanted)
{
    if (!wanted)
        return;
    if (wanted->spool >= 0)
        close(wanted->spool);
    free(wanted->chunks);
    name_table_finish(&wanted->table);
    free(wanted);
}

int needed_by_name(struct needed_chunks *wanted, struct err *err)
{
    if (name_table_init(&wanted->table, wanted->chunks, sizeof *wanted->chunks, wanted->count, err))
        return ERR_FAIL;
    for (uint32_t i = 0; i < wanted->count; i++) {
        struct needed_chunk *chunk = &wanted->chunks[i];
        uint32_t *slot = name_table_slot(&wanted->table, &chunk->chunk.name, chunk->chunk.raw_size);

        chunk->twin = slot && *slot != NAME_NONE ? *slot : i;
        if (chunk->twin != i)
            wanted->chunks[chunk->twin].shared = true;
        else if (slot)
            *slot = i;
    }
    return 0;
}

struct needed_chunk *needed_find(struct needed_chunks *wanted, const struct chunk_name *name,
                                 uint32_t raw_size)
{
    const uint32_t *slot = name_table_slot(&wanted->table, name, raw_size);

    return slot && *slot != NAME_NONE ? &wanted->chunks[*slot] : NULL;
}

uint64_t needed_place(const struct needed_chunks *wanted, const struct needed_chunk *chunk)
{
    return wanted->chunks[chunk->twin].spool_at;
}

bool needed_is_kept(const struct needed_chunk *chunk)
{
    return chunk->kept || chunk->fetched;
}

uint64_t needed_kept(struct needed_chunks *wanted, const struct partial *spool)
{
    uint64_t kept = 0;

    for (uint32_t i = 0; i < wanted->count; i++) {
        struct needed_chunk *chunk = &wanted->chunks[i];

        chunk->kept = partial_holds(spool, chunk->packed_offset, chunk->chunk.packed_size);
        kept += chunk->kept ? chunk->chunk.packed_size : 0;
    }
    return kept;
}

static bool is_missing(const struct needed_chunks *wanted, const struct needed_chunk *chunk)
{
    return needed_place(wanted, chunk) == NEEDED_FROM_ARCHIVE && !chunk->kept;
}

uint64_t needed_missing(const struct needed_chunks *wanted)
{
    uint64_t missing = 0;

    for (uint32_t i = 0; i < wanted->count; i++)
        if (is_missing(wanted, &wanted->chunks[i]))
            missing += wanted->chunks[i].chunk.packed_size;
    return missing;
}

bool needed_misses(const struct needed_chunks *wanted, uint64_t packed_offset)
{
    uint32_t low = 0, high = wanted->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (wanted->chunks[middle].packed_offset < packed_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < wanted->count && wanted->chunks[low].packed_offset == packed_offset &&
           is_missing(wanted, &wanted->chunks[low]);
}
