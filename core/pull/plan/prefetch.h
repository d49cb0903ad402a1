/*
 * prefetch - fetches missing chunks into the partial download before the stream reaches them.
 *
 * The missing chunks are scattered among chunks that the host has. While the daemon loads a long
 * run of the latter, the link would be idle. So the missing chunks are requested in order, as fast
 * as the link allows, however far the stream is behind. When the stream reaches them, they are in
 * the partial download.
 */
#ifndef S3DOCK_PULL_PLAN_PREFETCH_H
#define S3DOCK_PULL_PLAN_PREFETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pull/plan/needed_chunks.h"

struct err;
struct span;

#define PREFETCH_RANGE (384 * KIB) /* bytes of the longest request */
#define PREFETCH_SPANS 32          /* requests at once */
#define PREFETCH_BYTES ((size_t)PREFETCH_RANGE * PREFETCH_SPANS)

/* Used by the engine's thread only. */
struct prefetch;
struct prefetch *prefetch_create(struct needed_chunks *needed, struct err *err); /* borrowed */
/* All spans must have been given back. Takes NULL. */
void prefetch_destroy(struct prefetch *prefetch);

/* Returns a span for the next range of missing chunks that begins before chunk `limit`, with
 * op.offset, op.length and in_size set. NULL: there is no such range, or no free span. */
struct span *prefetch_next(struct prefetch *prefetch, uint32_t limit);
/* Gives a span back. `kept`: its range is in the partial download now. Otherwise nothing more is
 * prefetched. */
void prefetch_done(struct prefetch *prefetch, struct span *span, bool kept);

/* Returns the number up to which the stream may be planned: no chunk before it is being prefetched
 * or will be. */
uint32_t prefetch_settled(const struct prefetch *prefetch);
/* Returns the number of spans that have not been given back. */
unsigned prefetch_out(const struct prefetch *prefetch);

#endif
