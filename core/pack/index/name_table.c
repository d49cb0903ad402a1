/*
 * Linear probing in a table of a power of two slots. The key of the hash comes from the system.
 */
#include "pack/index/name_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/random.h"

#define SLOTS_LEAST 64

int name_table_init(struct name_table *table, const void *items, size_t stride, uint32_t count,
                    struct err *err)
{
    size_t slots = SLOTS_LEAST;

    *table = (struct name_table){.items = items, .stride = stride};
    if (random_fill(&table->key, sizeof table->key, err))
        return ERR_FAIL;
    while (slots < 2 * (size_t)count)
        slots *= 2;
    table->slots = malloc(slots * sizeof *table->slots);
    if (!table->slots)
        return err_memory(err, "the names of chunks");
    memset(table->slots, 0xff, slots * sizeof *table->slots);
    table->mask = (uint32_t)(slots - 1);
    return 0;
}

void name_table_finish(struct name_table *table)
{
    free(table->slots);
    table->slots = NULL;
}

static const struct index_chunk *chunk_at(const struct name_table *table, uint32_t number)
{
    return (const void *)((const char *)table->items + number * table->stride);
}

static bool has_name(const struct index_chunk *chunk, const struct chunk_name *name,
                     uint32_t raw_size)
{
    return chunk->raw_size == raw_size && chunk_name_equals(&chunk->name, name);
}

uint32_t *name_table_slot(const struct name_table *table, const struct chunk_name *name,
                          uint32_t raw_size)
{
    uint64_t at = xxh64_keyed(name->bytes, sizeof name->bytes, table->key ^ raw_size);

    for (uint32_t i = 0; i < NAME_PROBES_MAX; i++) {
        uint32_t *slot = &table->slots[(at + i) & table->mask];

        if (*slot == NAME_NONE || has_name(chunk_at(table, *slot), name, raw_size))
            return slot;
    }
    return NULL;
}
