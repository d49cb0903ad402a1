/*
 * prefetch - fetches missing chunks into the partial download before the stream reaches them.
 *
 * The missing chunks lie scattered: among chunks that the host has, or in several objects. So they
 * are requested in the order of their first need, as fast as the link allows. When the stream
 * reaches them, they are in the partial download.
 */
#ifndef S3DOCK_PULL_PLAN_PREFETCH_H
#define S3DOCK_PULL_PLAN_PREFETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pull/plan/needed_chunks.h"

struct err;
struct span;

#define PREFETCH_SPANS_MAX 32 /* requests at once */

struct prefetch_options {
    size_t range;   /* bytes of the longest request; longer chunks are left to the stream */
    unsigned spans; /* requests at once, at most PREFETCH_SPANS_MAX */
    uint64_t ahead; /* no request begins if so many requested bytes are ahead of the stream. > 0 */
};

/* Used by the engine's thread only. Borrows `needed`. */
struct prefetch;
struct prefetch *prefetch_create(struct needed_chunks *needed,
                                 const struct prefetch_options *options, struct err *err);
/* All spans must have been given back. Takes NULL. */
void prefetch_destroy(struct prefetch *prefetch);

/* Returns a span for the next range, with address, in_size and op.length set. The range begins at
 * the first missing chunk that no range has. It grows towards higher addresses of the same object,
 * up to `longest` bytes, over gaps of at most `bridge` bytes. Only chunks before chunk `limit` are
 * requested. NULL: there is no such range, no free span, or the stream is too far behind. */
struct span *prefetch_next(struct prefetch *prefetch, uint32_t limit, size_t longest,
                           uint64_t bridge);
/* Gives a span back. `kept`: its range is in the partial download now. Otherwise nothing more is
 * prefetched. */
void prefetch_done(struct prefetch *prefetch, struct span *span, bool kept);

/* Call this when the stream has planned all chunks before chunk `stream`. */
void prefetch_passed(struct prefetch *prefetch, uint32_t stream);
/* Returns the number up to which the stream may be planned: no chunk before it is being prefetched
 * or will be. */
uint32_t prefetch_settled(const struct prefetch *prefetch);
/* Returns the number of spans that have not been given back. */
unsigned prefetch_out(const struct prefetch *prefetch);

#endif
