/*
 * needed_chunks - the chunks that a pull needs, in the order of the stream, and where each will come from.
 *
 * Either the archive, or a file of raw chunks that were found on this host, or the partial, which
 * keeps packed chunks that an earlier, unfinished pull has fetched.
 */
#ifndef S3DOCK_PULL_PLAN_NEEDED_CHUNKS_H
#define S3DOCK_PULL_PLAN_NEEDED_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/index/index.h"
#include "pack/index/name_table.h"

struct err;

/* A range of the raw stream. */
struct raw_range {
    uint64_t offset, size;
};

#define NEEDED_FROM_ARCHIVE UINT64_MAX

struct partial;

struct needed_chunk {
    struct index_chunk chunk; /* first: name_table.h */
    uint64_t raw_offset, packed_offset;
    uint64_t
        seed_offset;   /* raw, on this host; or NEEDED_FROM_ARCHIVE. Of a original: needed_place */
    bool kept;         /* packed, in the partial, by an earlier pull */
    bool fetched;      /* packed, in the partial, by this one, ahead of the stream */
    bool shared;       /* others have it as their original */
    uint32_t original; /* the first chunk of that name that is found: itself, or one before it */
};

struct needed_chunks {
    uint32_t count;
    struct needed_chunk *chunks;
    uint64_t packed_size;    /* of all of them */
    int seed_fd;             /* its descriptor; -1: there is none. Owned */
    enum name_kind names;    /* of the chunks: the index's */
    bool compare;            /* what is unpacked is compared with its name */
    struct name_table table; /* of chunks; not made until needed_by_name */
};

/* Sets need[i] for each section that holds bytes of the ranges. */
void needed_sections(const struct index *index, const struct raw_range *ranges, unsigned count,
                     bool *need);
/* The chunks that hold bytes of the ranges, which ascend and do not overlap. The sections they lie
 * in must have been read. */
struct needed_chunks *needed_create(const struct index *index, const struct raw_range *ranges,
                                    unsigned count, struct err *err);
void needed_destroy(struct needed_chunks *needed); /* takes NULL */

/* Makes chunks findable by their names. */
int needed_by_name(struct needed_chunks *needed, struct err *err);
/* The first chunk of that name and size; NULL: it is not needed. */
struct needed_chunk *needed_find(struct needed_chunks *needed, const struct chunk_name *name,
                                 uint32_t raw_size);
/* Where a chunk lies raw on this host: what its original was given. NEEDED_FROM_ARCHIVE: nowhere. */
uint64_t needed_place(const struct needed_chunks *needed, const struct needed_chunk *chunk);

/* Marks the chunks that the partial holds. Returns their packed size. */
uint64_t needed_kept(struct needed_chunks *needed, const struct partial *partial);

/* Whether the partial has it. */
bool needed_is_kept(const struct needed_chunk *chunk);
/* Packed bytes that are to be fetched, or were ahead, and that are not; gaps that are bridged not
 * counted. */
uint64_t needed_missing(const struct needed_chunks *needed);
/* Whether needed_missing counts the chunk that begins there in the archive. */
bool needed_misses(const struct needed_chunks *needed, uint64_t packed_offset);

#endif
