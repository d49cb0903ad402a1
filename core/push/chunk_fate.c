/*
 * The run is followed from chunk to chunk: a chunk continues it if the base has it right behind the
 * last one. A chunk of a run that is already long enough will be copied.
 */
#include "push/chunk_fate.h"

#include "base/err.h"

/* Adds the chunk to the run. True: it continues a run that is long enough to be copied, behind
 * enough bytes for a first part. */
static bool continues_run(struct chunk_fates *f, const struct held_chunk *held)
{
    bool copied;

    if (held->size == 0) {
        f->run = 0;
        return false;
    }
    if (held->object != f->run_end.object || held->offset != f->run_end.offset)
        f->run = 0;
    copied = f->run >= f->planner.run_least && f->held >= f->planner.least;
    f->run_end = (struct held_chunk){.object = held->object, .offset = held->offset + held->size};
    f->run += held->size;
    f->held += held->size;
    return copied;
}

static int set_fate(struct chunk_fates *f, struct push_chunk *chunk, struct err *err)
{
    bool copied = continues_run(f, &chunk->held);
    uint32_t sent;

    if (resume_next_chunk(f->resume, chunk, &sent, err))
        return ERR_FAIL;
    if (chunk->fate == CHUNK_UNREAD)
        return 0;
    if (sent) {
        chunk->fate = CHUNK_SENT;
        chunk->chunk.packed_size = sent;
    } else {
        chunk->fate = copied ? CHUNK_COPY : CHUNK_PACK;
    }
    return 0;
}

int chunk_fates_set(struct chunk_fates *fates, struct push_span *span, struct err *err)
{
    for (unsigned i = 0; i < span->count; i++)
        if (set_fate(fates, &span->chunks[i], err))
            return ERR_FAIL;
    return 0;
}
