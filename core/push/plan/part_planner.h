/*
 * part_planner - decides what becomes of each chunk of an archive that is put together from new bytes and
 * from ranges of archives that the bucket holds.
 *
 * It is told, chunk by chunk and in order, what is new and what is held, and answers with steps:
 * parts of the final object (bytes, or a range that the store copies), and joins, which put two
 * pieces together in a temporary object. Every part but the last has at least `least` bytes, and so
 * has the left side of a join. How it decides is told in planner.c.
 *
 * No clocks, no sockets, no threads. Belongs to the conductor; bytes are gathered in `parts`.
 */
#ifndef S3DOCK_PUSH_PLAN_PART_PLANNER_H
#define S3DOCK_PUSH_PLAN_PART_PLANNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pack/index/chunk_lookup.h"
#include "push/plan/parts.h"

struct err;

struct part_planner_options {
    uint64_t least; /* of a part that is not the last one */
    uint64_t most;  /* what one copied part should have at most; it has less than most + least */
    uint64_t run_least; /* shorter runs are not worth a join; at most `least` */
};

struct store_limits;
/* Returns the options for a save stream of about `size_hint` bytes (0: not known). `least` is the
 * store's, or more if the store's number of parts demands it. */
struct part_planner_options part_planner_options_of(const struct store_limits *limits,
                                                    uint64_t size_hint);
/* Returns how many packed bytes must come before a chunk may come without its bytes, unless all
 * chunks are one run of one base: twice what is needed, since members may be smaller here than in
 * the base. */
uint64_t part_planner_lead(const struct part_planner_options *options);

/* The room that a part needs, and how many parts there must be at least. */
size_t part_planner_part_size(const struct part_planner_options *options);
#define PART_PLANNER_PARTS_MIN 4

/* Objects from here on are temporary ones, in the order of their joins; below: the bases. */
#define PART_PLANNER_TEMP (1u << 16)

struct region {
    unsigned object;
    uint64_t offset, size;
};

struct piece {
    struct part *part;    /* bytes, now the caller's until parts_give; or NULL: */
    struct region region; /* a range to be copied */
};

enum step_kind {
    STEP_PART, /* `left` is the next part of the object: number; last: nothing follows */
    STEP_JOIN, /* left and right together become temporary object `number` (PART_PLANNER_TEMP and up) */
    STEP_TAKEN, /* held chunks were taken in as packed: chunk `first` and following have sizes[] */
};

struct part_planner_step {
    enum step_kind kind;
    unsigned number;
    bool last;
    struct piece left, right;
    uint64_t first; /* in the order of part_planner_add, from 0 */
    unsigned count;
    const uint32_t *sizes; /* valid until the next part_planner_add */
};

struct part_planner;
struct part_planner *part_planner_create(struct parts *parts,
                                         const struct part_planner_options *options,
                                         struct err *err);
/* Gives back the part it holds. Takes NULL. */
void part_planner_destroy(struct part_planner *planner);

/* Whether part_planner_add may be called: parts are free, and every step was taken. */
bool part_planner_ready(const struct part_planner *planner);
/* Whether the next chunk, held there, must come with its packed bytes. */
bool part_planner_needs(const struct part_planner *planner, const struct held_chunk *held);
/* The next chunk. held->size 0: it is new, and `packed` are its bytes. */
int part_planner_add(struct part_planner *planner, struct view packed,
                     const struct held_chunk *held, struct err *err);
/* Nothing follows. Needs no free part; every step must have been taken. */
void part_planner_end(struct part_planner *planner);
/* The next step, in order; false when there is none. */
bool part_planner_next(struct part_planner *planner, struct part_planner_step *step);

#endif
