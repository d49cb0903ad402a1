/*
 * A growing array of chunks and a table of their names. The table refers to the array by position,
 * so it is made again when the array moves.
 */
#include "push/plan/own_chunks.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/err.h"
#include "pack/index/name_table.h"

/* The array, half of it again while it grows, and two slots for each item, the former ones too. */
_Static_assert(OWN_CHUNKS_MAX *(3 * sizeof(struct index_chunk) / 2 + 12) <= OWN_CHUNKS_BYTES,
               "the memory of own chunks");

struct own_chunks {
    /* with the number in the stream as packed_size: the size is not needed */
    struct index_chunk *items;
    size_t count, room;
    struct name_table table; /* of items */
};

struct own_chunks *own_chunks_create(struct err *err)
{
    struct own_chunks *own = calloc(1, sizeof *own);

    if (!own)
        err_memory(err, "the chunks of the image");
    return own;
}

void own_chunks_destroy(struct own_chunks *own)
{
    if (!own)
        return;
    name_table_finish(&own->table);
    free(own->items);
    free(own);
}

static uint32_t *slot_of(const struct own_chunks *own, const struct index_chunk *chunk)
{
    return name_table_slot(&own->table, &chunk->name, chunk->raw_size);
}

/* Makes room for another item, in the array and in the table. */
static int make_room(struct own_chunks *own, struct err *err)
{
    struct name_table table;

    if (own->count < own->room || own->count == OWN_CHUNKS_MAX)
        return 0;
    if (!array_reserve(&own->items, &own->room, own->count, sizeof *own->items))
        return err_memory(err, "the chunks of the image");
    if (name_table_init(&table, own->items, sizeof *own->items, (uint32_t)own->room, err))
        return ERR_FAIL;
    name_table_finish(&own->table);
    own->table = table;
    for (uint32_t i = 0; i < own->count; i++) {
        uint32_t *slot = slot_of(own, &own->items[i]);

        if (slot)
            *slot = i;
    }
    return 0;
}

int own_chunks_add(struct own_chunks *own, const struct index_chunk *chunk, uint64_t number,
                   bool *repeat, uint64_t *first, struct err *err)
{
    uint32_t *slot;

    *repeat = false;
    if (make_room(own, err))
        return ERR_FAIL;
    slot = slot_of(own, chunk);
    if (!slot) /* beyond the bound of probes: written again */
        return 0;
    if (*slot != NAME_NONE) {
        *repeat = true;
        *first = own->items[*slot].packed_size;
        return 0;
    }
    if (own->count == OWN_CHUNKS_MAX || number > UINT32_MAX)
        return 0;
    own->items[own->count] = *chunk;
    own->items[own->count].packed_size = (uint32_t)number;
    *slot = (uint32_t)own->count++;
    return 0;
}
