/*
 * Chunks stand in one array, archive after archive, in the order they lie in: what follows a chunk
 * in its archive is the next element. An open-addressed table leads from a name to the first chunk
 * that bears it, and a chain from there to the others of that name.
 *
 * Names come from indexes, and so from outside: whoever chooses them can make lookups slow, and so
 * probing and chains are bounded. What lies beyond the bound is not found, which costs bytes and
 * nothing else.
 */
#include "pack/known.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define NONE       UINT32_MAX
#define PROBES_MAX 64
#define CHAIN_MAX  64

struct entry {
    struct xxh128 name;
    uint64_t offset;
    uint32_t raw_size, packed_size;
    uint32_t next; /* of the same name and size, or NONE */
    uint32_t base;
};

struct known {
    struct entry *entries;
    uint32_t count;
    uint32_t *table; /* into entries; NONE: free */
    uint32_t mask;   /* slots - 1: twice as many as chunks, at least */
};

struct known *known_create(struct err *err)
{
    struct known *known = calloc(1, sizeof *known);

    if (!known)
        err_memory(err, "the known chunks");
    return known;
}

void known_destroy(struct known *known)
{
    if (!known)
        return;
    free(known->entries);
    free(known->table);
    free(known);
}

uint32_t known_count(const struct known *known)
{
    return known->count;
}

static bool bears(const struct entry *entry, const struct xxh128 *name, uint32_t raw_size)
{
    return entry->raw_size == raw_size && xxh128_equals(&entry->name, name);
}

/* The slot of the first chunk of this name, or the free one where it would stand; NULL when both
 * are too far away. */
static uint32_t *slot_of(const struct known *known, const struct xxh128 *name, uint32_t raw_size)
{
    uint32_t hash;

    memcpy(&hash, name->bytes, sizeof hash);
    for (uint32_t i = 0; i < PROBES_MAX; i++) {
        uint32_t *slot = &known->table[(hash + i) & known->mask];

        if (*slot == NONE || bears(&known->entries[*slot], name, raw_size))
            return slot;
    }
    return NULL;
}

/* Chunks are entered from the last to the first: chains run forward. */
static void enter(struct known *known, uint32_t i)
{
    struct entry *entry = &known->entries[i];
    uint32_t *slot = slot_of(known, &entry->name, entry->raw_size);

    entry->next = NONE;
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
    return count > KNOWN_CHUNKS_MAX ? KNOWN_CHUNKS_MAX + 1 : (uint32_t)count;
}

static int make_room(struct known *known, uint32_t count, struct err *err)
{
    uint32_t slots = 64;
    struct entry *entries = realloc(known->entries, count * sizeof *entries);

    if (!entries)
        return err_memory(err, "the known chunks");
    known->entries = entries;
    while (slots < 2 * count)
        slots *= 2;
    free(known->table);
    known->table = malloc(slots * sizeof *known->table);
    if (!known->table) {
        known->count = 0;
        return err_memory(err, "the known chunks");
    }
    memset(known->table, 0xff, slots * sizeof *known->table);
    known->mask = slots - 1;
    return 0;
}

static void append(struct known *known, unsigned base, const struct index_section *section)
{
    uint64_t offset = section->packed_offset;

    for (uint32_t i = 0; i < section->chunk_count; i++) {
        const struct index_chunk *chunk = &section->chunks[i];

        known->entries[known->count++] = (struct entry){.name = chunk->name,
                                                        .offset = offset,
                                                        .raw_size = chunk->raw_size,
                                                        .packed_size = chunk->packed_size,
                                                        .base = base};
        offset += chunk->packed_size;
    }
}

int known_add(struct known *known, unsigned base, const struct index *index, struct err *err)
{
    uint32_t count = chunks_of(index);

    if (count > KNOWN_CHUNKS_MAX - known->count)
        return KNOWN_FULL;
    if (count == 0)
        return 0;
    if (make_room(known, known->count + count, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < index->section_count; i++)
        if (index->sections[i].chunks)
            append(known, base, &index->sections[i]);
    for (uint32_t i = known->count; i-- > 0;)
        enter(known, i);
    return 0;
}

/* The first chunk of the chain that lies at `cursor` or behind it; else the first of all. */
static uint32_t nearest(const struct known *known, uint32_t first, uint32_t cursor)
{
    uint32_t i = first;

    for (unsigned steps = 0; i != NONE && steps < CHAIN_MAX; steps++, i = known->entries[i].next)
        if (i >= cursor)
            return i;
    return first;
}

bool known_find(const struct known *known, const struct xxh128 *name, uint32_t raw_size,
                uint32_t *cursor, struct held *out)
{
    uint32_t found = *cursor, *slot;

    *out = (struct held){0};
    if (known->count == 0)
        return false;
    if (found >= known->count || !bears(&known->entries[found], name, raw_size)) {
        slot = slot_of(known, name, raw_size);
        if (!slot || *slot == NONE)
            return false;
        found = nearest(known, *slot, *cursor);
    }
    *out = (struct held){.base = known->entries[found].base,
                         .offset = known->entries[found].offset,
                         .size = known->entries[found].packed_size};
    *cursor = found + 1;
    return true;
}
