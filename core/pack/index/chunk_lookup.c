/*
 * One array holds the chunks, archive after archive, in their order in the archive. So the next
 * element is the next chunk of the archive. A hash table leads from a name to the first chunk of
 * that name, and a chain to the others. Chains are bounded, as probing is: chunks beyond the bound
 * are not found.
 */
#include "pack/index/chunk_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/index/name_table.h"

#define CHAIN_MAX 64

struct entry {
    struct index_chunk chunk; /* first: name_table.h */
    uint32_t next;            /* of the same name and size, or NAME_NONE */
    uint32_t object;
    uint64_t offset;
};

struct chunk_lookup {
    struct entry *entries;
    uint32_t count;
    struct name_table table; /* of entries */
};

struct chunk_lookup *chunk_lookup_create(struct err *err)
{
    struct chunk_lookup *known = calloc(1, sizeof *known);

    if (!known)
        err_memory(err, "the known chunks");
    return known;
}

void chunk_lookup_destroy(struct chunk_lookup *known)
{
    if (!known)
        return;
    free(known->entries);
    name_table_finish(&known->table);
    free(known);
}

uint32_t chunk_lookup_count(const struct chunk_lookup *known)
{
    return known->count;
}

/* Inserts a chunk. The caller starts with the last one, so that chains lead forward. */
static void enter(struct chunk_lookup *known, uint32_t i)
{
    struct entry *entry = &known->entries[i];
    uint32_t *slot = name_table_slot(&known->table, &entry->chunk.name, entry->chunk.raw_size);

    entry->next = NAME_NONE;
    if (!slot)
        return;
    entry->next = *slot;
    *slot = i;
}

static uint32_t chunks_of(const struct index *index)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < index->section_count; i++)
        if (index->sections[i].chunks)
            count += index->sections[i].chunk_count;
    return count > CHUNK_LOOKUP_MAX ? CHUNK_LOOKUP_MAX + 1 : (uint32_t)count;
}

static int make_room(struct chunk_lookup *known, uint32_t count, struct err *err)
{
    struct entry *entries = realloc(known->entries, count * sizeof *entries);

    if (!entries)
        return err_memory(err, "the known chunks");
    known->entries = entries;
    name_table_finish(&known->table);
    if (name_table_init(&known->table, entries, sizeof *entries, count, err) == 0)
        return 0;
    known->count = 0;
    return ERR_FAIL;
}

/* Adds the chunks of a section that may be used. */
static void append(struct chunk_lookup *known, const struct held_index *held,
                   const struct index_section *section)
{
    const struct index_chunk *chunk;
    struct index_cursor cursor;
    struct index_place place;

    index_cursor_init(&cursor, section);
    while ((chunk = index_cursor_next(&cursor, &place)))
        if (held_index_allows(held, &place, chunk->packed_size))
            known->entries[known->count++] = (struct entry){
                .chunk = *chunk, .object = held->objects[place.object], .offset = place.offset};
}

int chunk_lookup_add(struct chunk_lookup *known, const struct held_index *held, struct err *err)
{
    const struct index *index = held->index;
    uint32_t count = chunks_of(index);

    if (count > CHUNK_LOOKUP_MAX - known->count)
        return KNOWN_FULL;
    if (count == 0)
        return 0;
    if (make_room(known, known->count + count, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < index->section_count; i++)
        if (index->sections[i].chunks)
            append(known, held, &index->sections[i]);
    for (uint32_t i = known->count; i-- > 0;)
        enter(known, i);
    return 0;
}

/* Returns the first chunk of the chain at or after `cursor`, otherwise the first of the chain. */
static uint32_t nearest(const struct chunk_lookup *known, uint32_t first, uint32_t cursor)
{
    uint32_t i = first;

    for (unsigned steps = 0; i != NAME_NONE && steps < CHAIN_MAX;
         steps++, i = known->entries[i].next)
        if (i >= cursor)
            return i;
    return first;
}

static bool has_name(const struct entry *entry, const struct chunk_name *name, uint32_t raw_size)
{
    return entry->chunk.raw_size == raw_size && chunk_name_equals(&entry->chunk.name, name);
}

bool chunk_lookup_find(const struct chunk_lookup *known, const struct chunk_name *name,
                       uint32_t raw_size, uint32_t *cursor, struct held_chunk *out)
{
    uint32_t found = *cursor, *slot;

    *out = (struct held_chunk){0};
    if (known->count == 0)
        return false;
    if (found >= known->count || !has_name(&known->entries[found], name, raw_size)) {
        slot = name_table_slot(&known->table, name, raw_size);
        if (!slot || *slot == NAME_NONE)
            return false;
        found = nearest(known, *slot, *cursor);
    }
    *out = (struct held_chunk){.object = known->entries[found].object,
                               .offset = known->entries[found].offset,
                               .size = known->entries[found].chunk.packed_size};
    *cursor = found + 1;
    return true;
}
