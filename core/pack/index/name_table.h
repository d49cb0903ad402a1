/*
 * name_table - finds chunks by name and raw size.
 *
 * Open addressing over the numbers of items that their owner keeps in one array. Names come from
 * indexes, and so from outside. The hash is keyed with a random number, so that nobody can choose
 * names that meet in the table; and probing is bounded, so that whatever is chosen costs at most
 * NAME_PROBES_MAX comparisons. A chunk beyond that bound is not found: that costs bytes of transfer
 * and nothing else.
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
    uint32_t *slots; /* numbers of items; NAME_NONE: free. NULL: the table was not made */
    uint32_t mask;   /* slots - 1: twice as many as items, at least */
};

/* Makes an empty table for `count` items. After a failure there is nothing to finish. */
int name_table_init(struct name_table *table, const void *items, size_t stride, uint32_t count,
                    struct err *err);
/* Takes a zeroed table, too. */
void name_table_finish(struct name_table *table);

/* Returns the slot that holds the number of the item of this name and raw size, or the free slot
 * where the caller may enter it. NULL: neither is within the bound. */
uint32_t *name_table_slot(const struct name_table *table, const struct chunk_name *name,
                          uint32_t raw_size);

#endif
