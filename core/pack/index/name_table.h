/*
 * name_table - finds chunks by name and raw size.
 *
 * Open addressing over the positions of items in an array of the caller. Names come from indexes,
 * so an attacker may choose them. The hash has a random key, so an attacker cannot choose names
 * that collide in the table. Probing is bounded by NAME_PROBES_MAX comparisons. A chunk beyond the
 * bound is not found, which only costs transfer.
 */
#ifndef S3DOCK_PACK_INDEX_NAME_TABLE_H
#define S3DOCK_PACK_INDEX_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "pack/index/index.h"

struct err;

#define NAME_NONE       UINT32_MAX
#define NAME_PROBES_MAX 64

struct name_table {
    const void *items; /* borrowed; each begins with its struct index_chunk */
    size_t stride;     /* bytes of an item */
    uint64_t key;
    uint32_t *slots; /* positions of items; NAME_NONE: free. NULL: the table does not exist */
    uint32_t mask;   /* number of slots - 1; at least two slots for each item */
};

/* Creates an empty table for `count` items. A failure leaves nothing to free. */
int name_table_init(struct name_table *table, const void *items, size_t stride, uint32_t count,
                    struct err *err);
/* Frees the table. Accepts a zeroed one. */
void name_table_finish(struct name_table *table);

/* Returns the slot of the item with this name and raw size, or the free slot for it. Returns
 * NULL if neither is within the bound. */
uint32_t *name_table_slot(const struct name_table *table, const struct chunk_name *name,
                          uint32_t raw_size);

#endif
