/*
 * buffer_plan - computes the number and size of the buffers of a pull, and the length of its
 * ranges. Arithmetic only.
 */
#ifndef S3DOCK_PULL_BUFFER_PLAN_H
#define S3DOCK_PULL_BUFFER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct buffer_plan_options {
    size_t memory; /* bound for all buffers, bytes */
    bool chunks;   /* the pull reads chunks; false: pieces of the archive */
    bool seed;     /* many of the chunks come from a local image */
    bool partial;  /* there is a partial download */
    bool thin;     /* the chunks are in several objects */
};

struct buffer_plan {
    size_t in, out;        /* of a buffer: bytes of the archive, and of the save stream */
    unsigned count;        /* of buffers */
    size_t range;          /* bytes of the longest range of a buffer */
    unsigned prefetch;     /* requests of the prefetch at once; 0: nothing is prefetched */
    size_t prefetch_range; /* bytes of the longest one */
};

#define BUFFER_PLAN_RANGE_LEAST ((size_t)384 * 1024) /* bytes */

void buffer_plan_make(struct buffer_plan *plan, const struct buffer_plan_options *options);
/* Returns the bytes of the next range, for a link of `rate` bytes a second. Ranges are short on a
 * slow link, so that few bytes are fetched again after a kill or a broken connection. */
size_t buffer_plan_range(const struct buffer_plan *plan, double rate);
/* The same for the next range of the prefetch. */
size_t buffer_plan_prefetch(const struct buffer_plan *plan, double rate);
/* Returns the bytes of all buffers. */
size_t buffer_plan_bytes(const struct buffer_plan *plan);

#endif
