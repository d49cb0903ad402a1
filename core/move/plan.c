#include "move/plan.h"

void plan_init(struct plan *plan, const struct index *index, uint64_t archive_size, size_t in_size,
               size_t out_size)
{
    *plan = (struct plan){
        .index = index, .archive_size = archive_size, .in_size = in_size, .out_size = out_size};
}

bool plan_done(const struct plan *plan)
{
    return plan->offset >= plan->archive_size;
}

static void next_piece(struct plan *plan, struct span *span)
{
    uint64_t left = plan->archive_size - plan->offset;

    span->in_size = left < plan->in_size ? (size_t)left : plan->in_size;
}

/* The chunk that the plan stands at, or NULL at the end of the index. */
static const struct index_chunk *here(struct plan *plan)
{
    while (plan->section < plan->index->section_count &&
           plan->chunk == plan->index->sections[plan->section].chunk_count) {
        plan->section++;
        plan->chunk = 0;
    }
    if (plan->section == plan->index->section_count)
        return NULL;
    return &plan->index->sections[plan->section].chunks[plan->chunk];
}

static void next_chunks(struct plan *plan, struct span *span)
{
    const struct index_chunk *chunk;
    size_t raw = 0;

    while (span->count < SPAN_CHUNKS && (chunk = here(plan))) {
        if (chunk->packed_size > plan->in_size - span->in_size ||
            chunk->raw_size > plan->out_size - raw)
            return;
        span->chunks[span->count++].chunk = *chunk;
        span->in_size += chunk->packed_size;
        raw += chunk->raw_size;
        plan->chunk++;
    }
}

int plan_next(struct plan *plan, struct span *span, struct err *err)
{
    span->number = plan->number++;
    if (plan->index)
        next_chunks(plan, span);
    else
        next_piece(plan, span);
    if (span->in_size == 0 || span->in_size > plan->archive_size - plan->offset)
        return err_set(err, ERR_INTEGRITY, "index", "the index does not describe the archive");
    span->op.offset = plan->offset;
    span->op.length = span->in_size;
    plan->offset += span->in_size;
    return 0;
}
