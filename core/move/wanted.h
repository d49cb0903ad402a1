/*
 * wanted - the chunks that a pull needs, in the order of the stream, and where each will come from.
 *
 * Either the archive, or the spool: a file of raw chunks that were found on this host.
 */
#ifndef S3DOCK_MOVE_WANTED_H
#define S3DOCK_MOVE_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/index.h"

struct err;

/* A range of the raw stream. */
struct raw_range {
    uint64_t offset, size;
};

#define WANTED_FROM_ARCHIVE UINT64_MAX

struct wanted_chunk {
    struct index_chunk chunk;
    uint64_t raw_offset, packed_offset;
    uint64_t spool_at; /* or WANTED_FROM_ARCHIVE */
    uint32_t twin;     /* the first chunk of that name: itself, or one before it */
};

struct wanted {
    uint32_t count;
    struct wanted_chunk *chunks;
    uint64_t packed_size; /* of all of them */
    int spool;            /* its descriptor; -1: there is none. Owned */
    uint32_t *table;      /* by name; NULL until wanted_by_name */
    uint32_t table_size;  /* a power of two */
};

/* Sets need[i] for each section that holds bytes of the ranges. */
void wanted_sections(const struct index *index, const struct raw_range *ranges, unsigned count,
                     bool *need);
/* The chunks that hold bytes of the ranges, which ascend and do not overlap. The sections they lie
 * in must have been read. */
struct wanted *wanted_create(const struct index *index, const struct raw_range *ranges,
                             unsigned count, struct err *err);
void wanted_destroy(struct wanted *wanted); /* takes NULL */

/* Makes chunks findable by their names. */
int wanted_by_name(struct wanted *wanted, struct err *err);
/* The first chunk of that name and size; NULL: it is not wanted. */
struct wanted_chunk *wanted_find(struct wanted *wanted, const struct xxh128 *name,
                                 uint32_t raw_size);
/* Gives every chunk what its twin was given. */
void wanted_settle(struct wanted *wanted);

/* Packed bytes that are to be fetched, and that are not; gaps that are bridged not counted. */
uint64_t wanted_missing(const struct wanted *wanted);

#endif
