/*
 * bases - the earlier images whose chunks a push reuses, the objects of the bucket that hold their
 * chunks, and the chunks.
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

#define BASES_MAX        4
#define BASE_OBJECTS_MAX 96 /* of all bases together */
/* An index has 32 bytes for each chunk. struct index keeps them, struct chunk_lookup needs 64. */
#define BASES_RECORD              32
#define BASES_MEMORY(index_bytes) ((index_bytes) / BASES_RECORD * (64 + BASES_RECORD))

struct base_object {
    char key[KEY_MAX];
    char etag[STORE_ETAG_MAX]; /* every read and every copy is conditional on it */
    uint64_t size;
    enum codec codec; /* of its chunks */
};

struct bases {
    unsigned count;
    uint64_t index_bytes;              /* of all their indexes */
    char keys[BASES_MAX][KEY_MAX];     /* of the images */
    struct held_index held[BASES_MAX]; /* the whole index of each */
    unsigned object_count;
    struct base_object *objects; /* struct held_chunk refers to them by number. NULL: none */
    struct object_runs allowed;  /* for the indexes: thin_choice.h */
    struct chunk_lookup *known;  /* NULL when count is 0 */
    unsigned outdated;  /* archives that were left out because their index is of version 1 */
    struct err trouble; /* why the requests failed; family 0: they succeeded */
};

/* Returns the number of an object with this key and ETag; it is added if it is new.
 * BASE_OBJECTS_MAX: there is no room for it. */
unsigned bases_object(struct bases *bases, const struct base_object *object);
/* Moves everything to `to`, which owns nothing before. `from` is empty afterwards. */
void bases_move(struct bases *from, struct bases *to);
/* Frees everything and sets the counts to 0. */
void bases_finish(struct bases *bases);

#endif
