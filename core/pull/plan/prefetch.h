/*
 * prefetch - fetches what is missing ahead of the stream, into the spool.
 *
 * What a host lacks lies scattered: a hundred megabytes that are here, a few that are not. While
 * the daemon takes in the ones, the link shall bring the others. So missing chunks are asked for
 * in their order, as fast as the link carries them, however far the stream is behind; it finds
 * them in the spool when it comes there.
 */
#ifndef S3DOCK_PULL_PLAN_PREFETCH_H
#define S3DOCK_PULL_PLAN_PREFETCH_H

#include <stdint.h>

#include "base/bytes.h"
#include "pull/plan/needed_chunks.h"

struct err;
struct span;

#define PREFETCH_RANGE (384 * KIB) /* of one request, at most */
#define PREFETCH_SPANS 32          /* in the air */
#define PREFETCH_BYTES ((size_t)PREFETCH_RANGE * PREFETCH_SPANS)

/* Belongs to the conductor. */
struct prefetch;
struct prefetch *prefetch_create(struct needed_chunks *needed, struct err *err); /* borrowed */
void prefetch_destroy(struct prefetch *prefetch); /* all spans are home. Takes NULL */

/* The next range of missing chunks that begins before chunk `limit`: op.offset, op.length and
 * in_size are set. NULL: there is none, or all spans are out. */
struct span *prefetch_next(struct prefetch *prefetch, uint32_t limit);
/* It is home. `kept`: it is in the spool now. If not, nothing more is fetched ahead. */
void prefetch_done(struct prefetch *prefetch, struct span *span, bool kept);

/* All chunks before this one are here, or have been given up: the stream may go so far. */
uint32_t prefetch_settled(const struct prefetch *prefetch);
unsigned prefetch_out(const struct prefetch *prefetch); /* spans that are not home */

#endif
