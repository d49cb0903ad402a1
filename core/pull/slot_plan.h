/*
 * slot_plan - how many slots a pull has, how large they are, and how long its ranges are.
 * Arithmetic only.
 */
#ifndef S3DOCK_PULL_SLOT_PLAN_H
#define S3DOCK_PULL_SLOT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct slot_plan_options {
    size_t memory; /* bound for all buffers, bytes */
    bool chunks;   /* the pull reads chunks; false: pieces of the archive */
    bool seed;     /* many of the chunks come from a local image */
    bool partial;  /* there is a partial download */
};

struct slot_plan {
    size_t in, out; /* of a slot: bytes of the archive, and of the save stream */
    unsigned count; /* of slots */
    size_t ahead;   /* bytes of the buffers for prefetching; 0: nothing is prefetched */
    size_t range;   /* bytes of the longest range */
};

#define SLOT_PLAN_RANGE_LEAST ((size_t)384 * 1024) /* bytes */

void slot_plan_make(struct slot_plan *plan, const struct slot_plan_options *options);
/* Bytes of the next range, for a link of `rate` bytes a second. Ranges are short on a slow link, so
 * that little is lost if the pull is killed or a connection breaks. */
size_t slot_plan_range(const struct slot_plan *plan, double rate);

#endif
