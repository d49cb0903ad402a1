/*
 * plan - which ranges of the archive are fetched, in order: spans of whole chunks along an index,
 * or, without one, plain pieces of the archive.
 */
#ifndef S3DOCK_MOVE_PLAN_H
#define S3DOCK_MOVE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "move/span.h"
#include "pack/index.h"

struct err;

struct plan {
    const struct index *index; /* NULL: pieces */
    uint64_t archive_size;
    size_t in_size, out_size; /* of the slots */
    /* where the next span begins */
    unsigned section;
    uint32_t chunk;
    uint64_t offset;
    uint64_t number;
};

void plan_init(struct plan *plan, const struct index *index, uint64_t archive_size, size_t in_size,
               size_t out_size);
bool plan_done(const struct plan *plan);
/* Fills the span: its chunks, op.offset, op.length and in_size. Fails (integrity.index) when a
 * chunk does not fit into a slot. */
int plan_next(struct plan *plan, struct span *span, struct err *err);

#endif
