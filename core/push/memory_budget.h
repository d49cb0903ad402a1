/*
 * memory_budget - divides the memory of a push among indexes of bases, buffers and parts, after the
 * table of a thin push's own chunks.
 *
 * Arithmetic only.
 */
#ifndef S3DOCK_PUSH_MEMORY_BUDGET_H
#define S3DOCK_PUSH_MEMORY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define MEMORY_BUDGET_BUFFER_SIZE ((size_t)1 << 20) /* bytes: about a dozen chunks */

struct memory_budget_input {
    struct store_limits limits;
    size_t memory;      /* bytes for everything; 0: TRANSFER_MEMORY */
    unsigned jobs;      /* worker threads, as in struct transfer_options */
    uint64_t size_hint; /* bytes of the save stream; 0: not known */
    bool thin;          /* nothing is copied: all parts have one size */
};

struct memory_budget {
    unsigned jobs, buffers, parts;
    size_t part_size; /* of a buffer */
    size_t bytes;     /* of all buffers and parts */
};

/* Returns the size of the equal parts of a push without bases: large enough for the store's number
 * of parts. */
size_t memory_budget_part_size(const struct store_limits *limits, uint64_t size_hint);

/* Returns the least memory that a push with bases needs, in bytes, apart from their indexes. */
size_t memory_budget_least(const struct memory_budget_input *input);
/* Returns the most bytes that the indexes of bases may have together; 0: there is no memory for
 * bases. */
uint64_t memory_budget_indexes(const struct memory_budget_input *input);

/* `index_bytes`: of the indexes of the bases; 0: there are no bases. */
struct memory_budget memory_budget_of(const struct memory_budget_input *input,
                                      uint64_t index_bytes);

#endif
