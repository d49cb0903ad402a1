/*
 * bases - the earlier archives whose chunks a push reuses, and the chunks that they contain.
 *
 * A value: find_bases.h fills it. It is read-only from then on, so that the reader's thread may
 * look chunks up in it.
 *
 * Memory: at most BASES_MEMORY(index_bytes).
 */
#ifndef S3DOCK_PUSH_PLAN_BASES_H
#define S3DOCK_PUSH_PLAN_BASES_H

#include <stdint.h>

#include "base/err.h"
#include "catalog/keys.h"
#include "pack/index/chunk_lookup.h"
#include "store/store.h"

#define BASES_MAX 4
/* An index has 32 bytes for each chunk. struct index keeps them, struct chunk_lookup needs 64. */
#define BASES_RECORD              32
#define BASES_MEMORY(index_bytes) ((index_bytes) / BASES_RECORD * (64 + BASES_RECORD))

struct base {
    char key[KEY_MAX];
    char etag[STORE_ETAG_MAX]; /* every copy is conditional on it */
    uint64_t size;
};

struct bases {
    unsigned count;
    uint64_t index_bytes;             /* of all their indexes */
    struct base base[BASES_MAX];      /* struct held_chunk refers to them by number */
    struct index *indexes[BASES_MAX]; /* the whole index of each */
    struct chunk_lookup *known;       /* NULL when count is 0 */
    unsigned outdated;  /* archives that were left out because their index is of version 1 */
    struct err trouble; /* why the store could not be asked; family 0: it could */
};

/* Frees the indexes and sets the count to 0. */
void bases_finish(struct bases *bases);

#endif
