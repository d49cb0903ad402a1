/*
 * memory_budget - how a push budget out its memory: archives to compare with, slots, parts.
 */
#ifndef S3DOCK_PUSH_MEMORY_BUDGET_H
#define S3DOCK_PUSH_MEMORY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/chunk/cut.h"
#include "push/find_bases.h"
#include "push/push.h"

#define MEMORY_BUDGET_SLOT_SIZE (1 * MIB) /* a dozen chunks: few hand-overs, little memory */

struct memory_budget {
    unsigned jobs, slots, parts;
    size_t part_size;    /* a buffer's */
    size_t least;        /* of a copied part */
    bool copies_refused; /* there are bases, but the store does not copy, */
    bool tried;          /* which was found out just now */
};

struct memory_budget_wanted {
    const struct push_options *push;
    uint64_t size_hint;        /* of the stream; 0: not known */
    bool delta;                /* look for bases */
    const struct base *recall; /* these are wanted and no others, or NULL */
    unsigned recall_count;
    struct find_bases_wanted bases; /* archive_least and index_most are filled in here */
};

/* Equal parts of a push without bases have this size. */
size_t memory_budget_part_size(const struct store *store, uint64_t size_hint);

/* Finds the bases, too, when they are wanted and there is memory for working with them; else, or
 * when there are none, bases->count is 0. The caller finishes them. */
struct memory_budget memory_budget_of(const struct memory_budget_wanted *wanted,
                                      struct bases *bases);

#endif
