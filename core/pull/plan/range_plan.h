/*
 * range_plan - which ranges of the archive are fetched, in order: spans of wanted chunks, or, without an
 * index, plain pieces of the archive.
 *
 * A span is fetched with one ranged GET at most: it ends where the next chunk to fetch lies too far
 * behind the last one.
 */
#ifndef S3DOCK_PULL_PLAN_RANGE_PLAN_H
#define S3DOCK_PULL_PLAN_RANGE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pull/plan/needed_chunks.h"
#include "pull/plan/span.h"

struct err;

/* Bytes that are fetched for nothing rather than by a request more. Several requests are in the air
 * at once, so a round trip costs its share only; what counts is the price of a request (of S3: that
 * of 4 KiB of traffic, and about 2 KiB of headers both ways). */
#define PLAN_BRIDGE (4 * KIB)

struct plan {
    const struct needed_chunks *wanted; /* NULL: pieces */
    struct partial *spool;              /* what is fetched is kept in it; NULL: nowhere */
    uint64_t archive_size;
    size_t in_size;  /* the longest range; may change from span to span */
    size_t out_size; /* of the slots */
    uint32_t limit;  /* wanted chunks that are settled: the others are not planned yet */
    /* where the next span begins */
    uint32_t chunk;
    uint64_t offset;
    uint64_t number;
};

/* With `wanted`, in_size leaves SPAN_KEPT_ROOM of the slot. */
void plan_init(struct plan *plan, const struct needed_chunks *wanted, struct partial *spool,
               uint64_t archive_size, size_t in_size, size_t out_size);
bool plan_done(const struct plan *plan);
bool plan_waits(const struct plan *plan); /* what comes next is not settled yet */
/* Fills the span: its chunks, op.offset, op.length (0: nothing is to be fetched), in_size and
 * packed. Fails (integrity.index) when a chunk does not fit into a slot or lies outside of the
 * archive. */
int plan_next(struct plan *plan, struct span *span, struct err *err);

#endif
