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

#define FORAGE_RANGE (384 * KIB) /* of one request, at most */
#define FORAGE_SPANS 32          /* in the air */
#define FORAGE_BYTES ((size_t)FORAGE_RANGE * FORAGE_SPANS)

/* Belongs to the conductor. */
struct forage;
struct forage *forage_create(struct need *wanted, struct err *err); /* borrowed */
void forage_destroy(struct forage *forage); /* all spans are home. Takes NULL */

/* The next range of missing chunks that begins before chunk `limit`: op.offset, op.length and
 * in_size are set. NULL: there is none, or all spans are out. */
struct span *forage_next(struct forage *forage, uint32_t limit);
/* It is home. `kept`: it is in the spool now. If not, nothing more is fetched ahead. */
void forage_done(struct forage *forage, struct span *span, bool kept);

/* All chunks before this one are here, or have been given up: the stream may go so far. */
uint32_t forage_front(const struct forage *forage);
unsigned forage_out(const struct forage *forage); /* spans that are not home */

#endif
