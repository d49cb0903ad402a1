/*
 * The plan takes chunks in order. A chunk of the archive extends the range that the span fetches;
 * chunks of the partial download and of the seed file do not.
 */
#include "pull/plan/range_plan.h"

#include "pull/partial/partial.h"

void range_plan_init(struct range_plan *plan, const struct needed_chunks *needed,
                     struct partial *partial, uint64_t space, size_t in_size, size_t out_size)
{
    *plan = (struct range_plan){.needed = needed,
                                .partial = partial,
                                .space = space,
                                .in_size = in_size,
                                .out_size = out_size,
                                .limit = needed ? needed->count : 0};
}

bool range_plan_done(const struct range_plan *plan)
{
    return plan->needed ? plan->chunk == plan->needed->count : plan->offset >= plan->space;
}

bool range_plan_waits(const struct range_plan *plan)
{
    return plan->needed && plan->chunk == plan->limit && !range_plan_done(plan);
}

static void next_piece(struct range_plan *plan, struct span *span)
{
    uint64_t left = plan->space - plan->offset;
    bool held = false;

    span->in_size = left < plan->in_size ? (size_t)left : plan->in_size;
    if (plan->partial)
        span->in_size = (size_t)partial_run(plan->partial, plan->offset, span->in_size, &held);
    span->packed = span->in_size;
    span->address = plan->offset;
    span->op.length = held ? 0 : span->in_size;
    plan->offset += span->in_size;
}

/* Extends the range that the span fetches by a chunk. False: the chunk is too far behind the range,
 * or in another object, or the range would be too long. */
static bool extend_range(struct range_plan *plan, struct span *span,
                         const struct needed_chunk *chunk)
{
    uint64_t end = span->address + span->in_size;

    if (span->in_size == 0) {
        span->address = end = chunk->packed_offset;
        plan->object = chunk->object;
    }
    if (chunk->object != plan->object || chunk->packed_offset < end ||
        chunk->packed_offset - end > RANGE_PLAN_BRIDGE ||
        chunk->packed_offset - span->address + chunk->chunk.packed_size > plan->in_size)
        return false;
    span->in_size = (size_t)(chunk->packed_offset - span->address) + chunk->chunk.packed_size;
    return true;
}

static enum span_from place_of(const struct needed_chunks *needed, const struct needed_chunk *chunk)
{
    if (needed_is_kept(chunk))
        return SPAN_FROM_PARTIAL;
    return needed_place(needed, chunk) == NEEDED_FROM_ARCHIVE ? SPAN_FROM_ARCHIVE : SPAN_FROM_SEED;
}

static uint64_t offset_of(const struct range_plan *plan, const struct span *span,
                          enum span_from from, const struct needed_chunk *chunk)
{
    switch (from) {
    case SPAN_FROM_SEED:
        return needed_place(plan->needed, chunk);
    case SPAN_FROM_PARTIAL:
        return chunk->packed_offset;
    case SPAN_FROM_ARCHIVE:
        break;
    }
    return chunk->packed_offset - span->address;
}

static void next_chunks(struct range_plan *plan, struct span *span)
{
    size_t raw = 0;

    while (span->count < SPAN_CHUNKS && plan->chunk < plan->limit) {
        const struct needed_chunk *needed = &plan->needed->chunks[plan->chunk];
        enum span_from from = place_of(plan->needed, needed);

        if (needed->chunk.raw_size > plan->out_size - raw ||
            (from == SPAN_FROM_ARCHIVE && !extend_range(plan, span, needed)))
            return;
        span->chunks[span->count++] =
            (struct span_chunk){.chunk = needed->chunk,
                                .codec = plan->needed->codecs[needed->object],
                                .from = from,
                                .at = offset_of(plan, span, from, needed),
                                .raw_offset = needed->raw_offset,
                                .shared = plan->needed->chunks[needed->original].shared};
        span->packed += needed->chunk.packed_size;
        raw += needed->chunk.raw_size;
        plan->chunk++;
    }
}

int range_plan_next(struct range_plan *plan, struct span *span, struct err *err)
{
    span->number = plan->number++;
    span->address = span->op.length = 0;
    span->compare = plan->needed && plan->needed->compare;
    span->names = plan->needed ? plan->needed->names : NAME_SHA256;
    span->seed_fd = plan->needed ? plan->needed->seed_fd : -1;
    span->partial = plan->partial;
    if (plan->needed) {
        next_chunks(plan, span);
        span->op.length = span->in_size;
    } else {
        next_piece(plan, span);
    }
    if (span->packed == 0 || span->in_size > plan->space ||
        span->address > plan->space - span->in_size)
        return err_set(err, ERR_INTEGRITY, "index",
                       "the index does not describe the objects of the image");
    return 0;
}
