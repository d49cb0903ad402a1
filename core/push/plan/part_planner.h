/*
 * part_planner - decides for each chunk of an archive whether it is uploaded or copied, and in
 * which part. The archive is composed of new bytes and of ranges of bases.
 *
 * Its input is one chunk after the other, in order: new, or held by a base. Its output is a list of
 * steps: parts of the final object (bytes, or a range that the store copies), and joins, which put
 * two pieces together in a temporary object. Every part except the last has at least `least` bytes,
 * and so has the left side of a join. part_planner.c describes the method.
 *
 * No clocks, no sockets, no threads. Belongs to the engine; bytes are gathered in `parts`.
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
    uint64_t least;     /* of a part that is not the last one */
    uint64_t most;      /* size at which a copied part ends; a part has less than most + least */
    uint64_t run_least; /* runs that are shorter are not copied; at most `least` */
};

struct store_limits;
/* Returns the options for a save stream of about `size_hint` bytes (0: not known). `least` is the
 * store's, or more if the store's number of parts demands it. */
struct part_planner_options part_planner_options_of(const struct store_limits *limits,
                                                    uint64_t size_hint);
/* Returns how many packed bytes must precede the first chunk that is added without its bytes. The
 * rule does not apply if all chunks are one run of one base. The number is twice the needed one,
 * because members may be smaller here than in the base. */
uint64_t part_planner_lead(const struct part_planner_options *options);

/* Returns the size of a part buffer. There must be PART_PLANNER_PARTS_MIN of them. */
size_t part_planner_part_size(const struct part_planner_options *options);
#define PART_PLANNER_PARTS_MIN 4

/* Objects from here on are temporary objects, in the order of their joins; the others are bases. */
#define PART_PLANNER_TEMP (1u << 16)

struct region {
    unsigned object;
    uint64_t offset, size;
};

struct piece {
    struct part *part;    /* bytes, owned by the caller until parts_give; or NULL: */
    struct region region; /* a range to copy */
};

enum step_kind {
    STEP_PART,  /* `left` is part `number` of the object; last: no part follows */
    STEP_JOIN,  /* left and right become temporary object `number`, from PART_PLANNER_TEMP on */
    STEP_TAKEN, /* held chunks are uploaded instead: chunk `first` and the following have sizes[] */
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
/* Returns the part that it holds to `parts`. Takes NULL. */
void part_planner_destroy(struct part_planner *planner);

/* Returns true if part_planner_add may be called: parts are free, and every step was taken. */
bool part_planner_ready(const struct part_planner *planner);
/* Returns true if the next chunk, held there, must be added with its packed bytes. */
bool part_planner_needs(const struct part_planner *planner, const struct held_chunk *held);
/* Adds the next chunk. held->size 0: it is new. `packed`: its bytes, unless they are not needed. */
int part_planner_add(struct part_planner *planner, struct view packed,
                     const struct held_chunk *held, struct err *err);
/* Adds the end. Needs no free part; every step must have been taken. */
void part_planner_end(struct part_planner *planner);
/* Takes the next step, in order; false: there is none. */
bool part_planner_next(struct part_planner *planner, struct part_planner_step *step);

#endif
