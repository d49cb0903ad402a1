/*
 * needed_chunks - the chunks that a pull needs, in the order of the save stream, each with the
 * place that it comes from: the bucket, the partial download (packed), or the seed file (raw).
 */
#ifndef S3DOCK_PULL_PLAN_NEEDED_CHUNKS_H
#define S3DOCK_PULL_PLAN_NEEDED_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/index/index.h"
#include "pack/index/name_table.h"

struct err;
struct partial;

/* A range of the save stream. */
struct raw_range {
    uint64_t offset, size;
};

#define NEEDED_FROM_ARCHIVE UINT64_MAX

struct needed_chunk {
    struct index_chunk chunk; /* first: name_table.h */
    uint64_t raw_offset;
    uint64_t packed_offset; /* its address: index_address */
    uint64_t seed_offset;   /* in the seed file, or NEEDED_FROM_ARCHIVE; see needed_place */
    bool kept;              /* an earlier pull has put it into the partial download */
    bool fetched;           /* this pull has prefetched it into the partial download */
    bool shared;            /* it has duplicates */
    bool repeat;            /* an earlier chunk has the same address: both are fetched once */
    uint8_t object;         /* of the index: a range lies in one object */
    uint32_t original; /* the number of the first chunk of that name: its own, or a lower one */
};

struct needed_chunks {
    uint32_t count;
    struct needed_chunk *chunks;
    uint64_t packed_size;                 /* of all chunks */
    int seed_fd;                          /* the seed file; -1: none. Owned */
    enum name_kind names;                 /* of the index */
    enum codec codecs[INDEX_OBJECTS_MAX]; /* of the objects */
    bool ascends;                         /* each address is higher than the one before */
    bool compare;                         /* compare each unpacked chunk with its name */
    struct name_table table;              /* made by needed_by_name */
};

/* Lists the ranges of the layers of an image, in ascending order, except those that are left out
 * (leave_out[i]; NULL: none). Returns their count, at most image->layer_count. */
unsigned needed_layer_ranges(const struct image_info *image, const bool *leave_out,
                             struct raw_range *ranges);
/* Sorts ranges by their offset. */
void needed_sort_ranges(struct raw_range *ranges, unsigned count);
/* Sets need[i] for each section that holds bytes of the ranges. */
void needed_sections(const struct index *index, const struct raw_range *ranges, unsigned count,
                     bool *need);
/* Lists the chunks that hold bytes of the ranges. The ranges must ascend and not overlap, and the
 * sections that hold them must be loaded. */
struct needed_chunks *needed_create(const struct index *index, const struct raw_range *ranges,
                                    unsigned count, struct err *err);
void needed_destroy(struct needed_chunks *needed); /* takes NULL */

/* Lists the numbers of the chunks by ascending address; equal ones in the order of the stream. The
 * caller frees it. */
uint32_t *needed_by_address(const struct needed_chunks *needed, struct err *err);

/* Makes chunks findable by name, and links duplicates to their first chunk. */
int needed_by_name(struct needed_chunks *needed, struct err *err);
/* Returns the first chunk of that name and size, or NULL. After needed_by_name. */
struct needed_chunk *needed_find(struct needed_chunks *needed, const struct chunk_name *name,
                                 uint32_t raw_size);
/* Returns the offset of a chunk, or of the first chunk of its name, in the seed file;
 * NEEDED_FROM_ARCHIVE: the seed file does not have it. */
uint64_t needed_place(const struct needed_chunks *needed, const struct needed_chunk *chunk);

/* Marks the chunks of the partial download as kept. Returns their packed size, without repeats. */
uint64_t needed_kept(struct needed_chunks *needed, const struct partial *partial);
/* Returns true if the chunk is in the partial download. */
bool needed_is_kept(const struct needed_chunk *chunk);
/* Returns the packed bytes that this pull fetches or has prefetched, without the gaps between
 * chunks that a range includes. Each chunk counts once, also if a thin image repeats it. */
uint64_t needed_missing(const struct needed_chunks *needed);
/* Returns true if needed_missing counts this chunk of the list. */
bool needed_counts(const struct needed_chunks *needed, const struct needed_chunk *chunk);
/* Returns true if needed_missing counts the bytes of the chunk that begins at that offset of the
 * stream. */
bool needed_misses(const struct needed_chunks *needed, uint64_t raw_offset);

#endif
