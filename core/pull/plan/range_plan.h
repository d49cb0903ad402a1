/*
 * range_plan - the ranges of addresses that a pull fetches, in order.
 *
 * With an index these are spans of needed chunks. Each takes at most one ranged GET: a span ends if
 * the gap before the next chunk to fetch is too long, or if that chunk is in another object.
 * Without an index, spans are plain pieces of the archive.
 */
#ifndef S3DOCK_PULL_PLAN_RANGE_PLAN_H
#define S3DOCK_PULL_PLAN_RANGE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pull/plan/needed_chunks.h"
#include "pull/plan/span.h"

struct err;

/* The longest gap of unneeded bytes that a range includes. Several requests run at once, so a round
 * trip costs little; a request itself costs about as much as 4 KiB of traffic (headers both ways,
 * and the price of a request to S3). */
#define RANGE_PLAN_BRIDGE (4 * KIB)

struct range_plan {
    const struct needed_chunks *needed; /* NULL: pieces */
    struct partial *partial;            /* the partial download; NULL: none */
    uint64_t space;                     /* end of the addresses */
    size_t in_size;                     /* of the longest range; may change from span to span */
    size_t out_size;                    /* of the buffers */
    uint32_t limit;                     /* needed chunks that are settled; only these are planned */
    /* Where the next span begins. */
    uint32_t chunk;
    uint64_t offset;
    uint64_t number;
    unsigned object; /* of the range of the span that is planned */
};

/* With `needed`, a buffer must have SPAN_PARTIAL_ROOM bytes more than in_size. */
void range_plan_init(struct range_plan *plan, const struct needed_chunks *needed,
                     struct partial *partial, uint64_t space, size_t in_size, size_t out_size);
bool range_plan_done(const struct range_plan *plan);
bool range_plan_waits(const struct range_plan *plan); /* the next chunk is not settled yet */
/* Fills the span: chunks, address, op.length (0: nothing to fetch), in_size and packed. Fails
 * with integrity.index if a chunk does not fit into a buffer or is outside of the address space. */
int range_plan_next(struct range_plan *plan, struct span *span, struct err *err);

#endif
