/*
 * A span of a forage has no chunks: it is a range, and its number is that of the first chunk in it.
 * The front is the least of those that are out.
 *
 * Only the conductor looks at what is fetched ahead, and only before the harvest's front; so the
 * harvest, which writes to the chunks behind it, needs no lock.
 */
#include "pull/plan/prefetch.h"

#include <stdlib.h>

#include "base/err.h"
#include "flow/buffers.h"
#include "pull/plan/range_plan.h"
#include "pull/plan/span.h"

struct prefetch {
    struct needed_chunks *wanted;
    struct buffers *slots;
    uint32_t chunk;                   /* the next to be looked at */
    bool over;                        /* the spool takes no more */
    struct span *out[PREFETCH_SPANS]; /* NULL: a free place */
};

struct prefetch *prefetch_create(struct needed_chunks *wanted, struct err *err)
{
    struct prefetch *forage = calloc(1, sizeof *forage);

    if (!forage) {
        err_memory(err, "fetching ahead");
        return NULL;
    }
    forage->wanted = wanted;
    forage->slots = buffers_create(PREFETCH_SPANS, PREFETCH_RANGE, 0, sizeof(struct span), err);
    if (!forage->slots) {
        free(forage);
        return NULL;
    }
    return forage;
}

void prefetch_destroy(struct prefetch *forage)
{
    if (!forage)
        return;
    buffers_destroy(forage->slots);
    free(forage);
}

static bool is_missing(const struct needed_chunks *wanted, const struct needed_chunk *chunk)
{
    return !needed_is_kept(chunk) && needed_place(wanted, chunk) == NEEDED_FROM_ARCHIVE;
}

/* How long the range grows with that chunk; 0: it does not belong to it. */
static size_t reach(uint64_t begin, size_t size, const struct needed_chunk *chunk)
{
    uint64_t end = begin + size;

    if (chunk->packed_offset < end || chunk->packed_offset - end > PLAN_BRIDGE ||
        chunk->packed_offset - begin + chunk->chunk.packed_size > PREFETCH_RANGE)
        return 0;
    return (size_t)(chunk->packed_offset - begin) + chunk->chunk.packed_size;
}

/* From the next missing chunk on, which fits into a range. */
static size_t next_range(struct prefetch *forage, uint32_t limit, uint32_t *first)
{
    const struct needed_chunks *wanted = forage->wanted;
    uint64_t begin = 0;
    size_t size = 0;

    for (; forage->chunk < limit; forage->chunk++) {
        const struct needed_chunk *chunk = &wanted->chunks[forage->chunk];
        size_t more;

        if (!is_missing(wanted, chunk))
            continue;
        if (!size) {
            begin = chunk->packed_offset;
            *first = forage->chunk;
        }
        more = reach(begin, size, chunk);
        if (!more && size)
            break;
        size = more; /* 0: too long for a range, and left to the stream */
    }
    return size;
}

static void remember(struct prefetch *forage, struct span *span)
{
    unsigned place = 0;

    while (forage->out[place])
        place++;
    forage->out[place] = span;
}

struct span *prefetch_next(struct prefetch *forage, uint32_t limit)
{
    struct buffer *slot = forage->over ? NULL : buffers_take(forage->slots);
    uint32_t first = 0;
    struct span *span;
    size_t size;

    if (!slot)
        return NULL;
    size = next_range(forage, limit, &first);
    if (!size) {
        buffers_give(forage->slots, slot);
        return NULL;
    }
    span = span_of(slot);
    span->number = first;
    span->in_size = size;
    span->op = (struct store_op){.verb = STORE_GET,
                                 .offset = forage->wanted->chunks[first].packed_offset,
                                 .length = size,
                                 .buffer = slot->in};
    remember(forage, span);
    return span;
}

static void mark(const struct prefetch *forage, const struct span *span)
{
    uint64_t end = span->op.offset + span->in_size;

    for (uint64_t i = span->number; i < forage->chunk; i++) {
        struct needed_chunk *chunk = &forage->wanted->chunks[i];

        if (chunk->packed_offset + chunk->chunk.packed_size > end)
            break;
        if (is_missing(forage->wanted, chunk))
            chunk->fetched = true;
    }
}

void prefetch_done(struct prefetch *forage, struct span *span, bool kept)
{
    for (unsigned i = 0; i < PREFETCH_SPANS; i++)
        if (forage->out[i] == span)
            forage->out[i] = NULL;
    if (kept)
        mark(forage, span);
    else
        forage->over = true;
    buffers_give(forage->slots, span->slot);
}

uint32_t prefetch_front(const struct prefetch *forage)
{
    uint32_t front = forage->over ? forage->wanted->count : forage->chunk;

    for (unsigned i = 0; i < PREFETCH_SPANS; i++)
        if (forage->out[i] && forage->out[i]->number < front)
            front = (uint32_t)forage->out[i]->number;
    return front;
}

unsigned prefetch_out(const struct prefetch *forage)
{
    return buffers_out(forage->slots);
}
