#include "pull/plan/range_plan.h"

#include "pull/partial/partial.h"

void plan_init(struct plan *plan, const struct needed_chunks *wanted, struct partial *spool,
               uint64_t archive_size, size_t in_size, size_t out_size)
{
    *plan = (struct plan){.wanted = wanted,
                          .spool = spool,
                          .archive_size = archive_size,
                          .in_size = in_size,
                          .out_size = out_size,
                          .limit = wanted ? wanted->count : 0};
}

bool plan_done(const struct plan *plan)
{
    return plan->wanted ? plan->chunk == plan->wanted->count : plan->offset >= plan->archive_size;
}

bool plan_waits(const struct plan *plan)
{
    return plan->wanted && plan->chunk == plan->limit && !plan_done(plan);
}

static void next_piece(struct plan *plan, struct span *span)
{
    uint64_t left = plan->archive_size - plan->offset;
    bool held = false;

    span->in_size = left < plan->in_size ? (size_t)left : plan->in_size;
    if (plan->spool)
        span->in_size = (size_t)partial_run(plan->spool, plan->offset, span->in_size, &held);
    span->packed = span->in_size;
    span->op.offset = plan->offset;
    span->op.length = held ? 0 : span->in_size;
    plan->offset += span->in_size;
}

/* Takes the chunk into the range that the span fetches. False: it lies too far off, or the range
 * grows too long. */
static bool reach(const struct plan *plan, struct span *span, const struct needed_chunk *chunk)
{
    uint64_t end = span->op.offset + span->in_size;

    if (span->in_size == 0)
        span->op.offset = end = chunk->packed_offset;
    if (chunk->packed_offset < end || chunk->packed_offset - end > PLAN_BRIDGE ||
        chunk->packed_offset - span->op.offset + chunk->chunk.packed_size > plan->in_size)
        return false;
    span->in_size = (size_t)(chunk->packed_offset - span->op.offset) + chunk->chunk.packed_size;
    return true;
}

static bool is_shared(const struct needed_chunks *wanted, const struct needed_chunk *chunk)
{
    return wanted->chunks[chunk->twin].shared;
}

static void next_chunks(struct plan *plan, struct span *span)
{
    size_t raw = 0;

    while (span->count < SPAN_CHUNKS && plan->chunk < plan->limit) {
        const struct needed_chunk *wanted = &plan->wanted->chunks[plan->chunk];
        struct span_chunk *chunk = &span->chunks[span->count];
        uint64_t place = needed_place(plan->wanted, wanted);
        bool kept = needed_is_kept(wanted), spooled = place != NEEDED_FROM_ARCHIVE && !kept;

        if (wanted->chunk.raw_size > plan->out_size - raw)
            return;
        if (!spooled && !kept && !reach(plan, span, wanted))
            return;
        *chunk = (struct span_chunk){
            .chunk = wanted->chunk,
            .flags = spooled ? SPAN_SPOOLED | (is_shared(plan->wanted, wanted) ? SPAN_SHARED : 0)
                     : kept  ? SPAN_KEPT
                             : 0,
            .raw_offset = wanted->raw_offset,
            .at = spooled ? place
                  : kept  ? wanted->packed_offset
                          : wanted->packed_offset - span->op.offset,
        };
        span->count++;
        span->packed += wanted->chunk.packed_size;
        raw += wanted->chunk.raw_size;
        plan->chunk++;
    }
}

int plan_next(struct plan *plan, struct span *span, struct err *err)
{
    span->number = plan->number++;
    span->op.offset = span->op.length = 0;
    span->compare = plan->wanted && plan->wanted->compare;
    span->names = plan->wanted ? plan->wanted->names : NAME_SHA256;
    span->spool = plan->wanted ? plan->wanted->spool : -1;
    span->kept = plan->spool;
    if (plan->wanted) {
        next_chunks(plan, span);
        span->op.length = span->in_size;
    } else {
        next_piece(plan, span);
    }
    if (span->packed == 0 || span->in_size > plan->archive_size ||
        span->op.offset > plan->archive_size - span->in_size)
        return err_set(err, ERR_INTEGRITY, "index", "the index does not describe the archive");
    return 0;
}
