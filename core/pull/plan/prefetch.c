/*
 * A span of the prefetch has no chunks: it is a range, and its number is that of its first chunk.
 * The least number of the spans that are out limits the stream.
 *
 * Only the engine's thread reads these chunks, and only before the watermark of the seed scan. The
 * scan writes to the chunks behind its watermark. So no lock is needed.
 */
#include "pull/plan/prefetch.h"

#include <stdlib.h>

#include "base/err.h"
#include "flow/buffers.h"
#include "pull/plan/range_plan.h"
#include "pull/plan/span.h"

struct prefetch {
    struct needed_chunks *needed;
    struct buffers *buffers;
    uint32_t chunk;                   /* the next to check */
    bool over;                        /* the partial download is full */
    struct span *out[PREFETCH_SPANS]; /* NULL: a free place */
};

struct prefetch *prefetch_create(struct needed_chunks *needed, struct err *err)
{
    struct prefetch *prefetch = calloc(1, sizeof *prefetch);

    if (!prefetch) {
        err_memory(err, "the prefetch");
        return NULL;
    }
    prefetch->needed = needed;
    prefetch->buffers = buffers_create(PREFETCH_SPANS, PREFETCH_RANGE, 0, sizeof(struct span), err);
    if (!prefetch->buffers) {
        free(prefetch);
        return NULL;
    }
    return prefetch;
}

void prefetch_destroy(struct prefetch *prefetch)
{
    if (!prefetch)
        return;
    buffers_destroy(prefetch->buffers);
    free(prefetch);
}

static bool is_missing(const struct needed_chunks *needed, const struct needed_chunk *chunk)
{
    return !needed_is_kept(chunk) && needed_place(needed, chunk) == NEEDED_FROM_ARCHIVE;
}

/* Returns the size of the range if it includes that chunk, or 0 if the chunk is too far away. */
static size_t size_with(uint64_t begin, size_t size, const struct needed_chunk *chunk)
{
    uint64_t end = begin + size;

    if (chunk->packed_offset < end || chunk->packed_offset - end > RANGE_PLAN_BRIDGE ||
        chunk->packed_offset - begin + chunk->chunk.packed_size > PREFETCH_RANGE)
        return 0;
    return (size_t)(chunk->packed_offset - begin) + chunk->chunk.packed_size;
}

/* Finds the next range of missing chunks. Returns its size, or 0. */
static size_t next_range(struct prefetch *prefetch, uint32_t limit, uint32_t *first)
{
    const struct needed_chunks *needed = prefetch->needed;
    uint64_t begin = 0;
    size_t size = 0;

    for (; prefetch->chunk < limit; prefetch->chunk++) {
        const struct needed_chunk *chunk = &needed->chunks[prefetch->chunk];
        size_t more;

        if (!is_missing(needed, chunk))
            continue;
        if (!size) {
            begin = chunk->packed_offset;
            *first = prefetch->chunk;
        }
        more = size_with(begin, size, chunk);
        if (!more && size)
            break;
        size = more; /* 0: the chunk is longer than a range; the stream fetches it */
    }
    return size;
}

static void add_out(struct prefetch *prefetch, struct span *span)
{
    unsigned place = 0;

    while (prefetch->out[place])
        place++;
    prefetch->out[place] = span;
}

struct span *prefetch_next(struct prefetch *prefetch, uint32_t limit)
{
    struct buffer *buffer = prefetch->over ? NULL : buffers_take(prefetch->buffers);
    uint32_t first = 0;
    struct span *span;
    size_t size;

    if (!buffer)
        return NULL;
    size = next_range(prefetch, limit, &first);
    if (!size) {
        buffers_give(prefetch->buffers, buffer);
        return NULL;
    }
    span = span_of(buffer);
    span->number = first;
    span->in_size = size;
    span->op = (struct store_op){.verb = STORE_GET,
                                 .offset = prefetch->needed->chunks[first].packed_offset,
                                 .length = size,
                                 .buffer = buffer->in};
    add_out(prefetch, span);
    return span;
}

static void mark_fetched(const struct prefetch *prefetch, const struct span *span)
{
    uint64_t end = span->op.offset + span->in_size;

    for (uint64_t i = span->number; i < prefetch->chunk; i++) {
        struct needed_chunk *chunk = &prefetch->needed->chunks[i];

        if (chunk->packed_offset + chunk->chunk.packed_size > end)
            break;
        if (is_missing(prefetch->needed, chunk))
            chunk->fetched = true;
    }
}

void prefetch_done(struct prefetch *prefetch, struct span *span, bool kept)
{
    for (unsigned i = 0; i < PREFETCH_SPANS; i++)
        if (prefetch->out[i] == span)
            prefetch->out[i] = NULL;
    if (kept)
        mark_fetched(prefetch, span);
    else
        prefetch->over = true;
    buffers_give(prefetch->buffers, span->buffer);
}

uint32_t prefetch_settled(const struct prefetch *prefetch)
{
    uint32_t settled = prefetch->over ? prefetch->needed->count : prefetch->chunk;

    for (unsigned i = 0; i < PREFETCH_SPANS; i++)
        if (prefetch->out[i] && prefetch->out[i]->number < settled)
            settled = (uint32_t)prefetch->out[i]->number;
    return settled;
}

unsigned prefetch_out(const struct prefetch *prefetch)
{
    return buffers_out(prefetch->buffers);
}
