/*
 * A span of the prefetch has no chunks: it is a range, and its number is that of its first chunk.
 * The least number of the spans that are out limits the stream.
 *
 * In a thin image, the order of the addresses differs from the order of the stream. A range takes
 * all missing chunks that it meets, also those that the stream needs later. So each chunk has a
 * mark whether a range has it.
 *
 * Only the engine's thread reads these chunks, and only before the watermark of the seed scan. The
 * scan writes to the chunks behind its watermark. So no lock is needed.
 */
#include "pull/plan/prefetch.h"

#include <stdlib.h>

#include "base/err.h"
#include "flow/buffers.h"
#include "pull/plan/span.h"

/* Chunks that are examined for one range. A hostile index may let very many of them overlap. */
#define RANGE_CHUNKS_MAX 8192u

struct prefetch {
    struct needed_chunks *needed;
    struct prefetch_options options;
    struct buffers *buffers;
    uint32_t *by_place; /* numbers of the chunks by ascending address; NULL: the stream's order */
    bool *claimed;      /* of each chunk: a range has it */
    uint32_t chunk;     /* the next to check; all missing ones before it are claimed */
    uint32_t stream;    /* the next that the stream plans */
    uint64_t ahead;     /* bytes of the claimed chunks between the two */
    bool over;          /* the partial download is full */
    struct span *out[PREFETCH_SPANS_MAX]; /* NULL: a free place */
};

/* ---- the order of the addresses ---- */

static uint32_t number_at(const struct prefetch *prefetch, uint32_t place)
{
    return prefetch->by_place ? prefetch->by_place[place] : place;
}

/* Returns the first place with at least this address. */
static uint32_t place_of(const struct prefetch *prefetch, uint64_t address)
{
    uint32_t low = 0, high = prefetch->needed->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (prefetch->needed->chunks[number_at(prefetch, middle)].packed_offset < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Returns the place after the last one that is examined for a range that begins at `place`. */
static uint32_t stop_of(const struct prefetch *prefetch, uint32_t place)
{
    uint32_t left = prefetch->needed->count - place;

    return place + (left < RANGE_CHUNKS_MAX ? left : RANGE_CHUNKS_MAX);
}

/* ---- creation ---- */

struct prefetch *prefetch_create(struct needed_chunks *needed,
                                 const struct prefetch_options *options, struct err *err)
{
    struct prefetch *prefetch = calloc(1, sizeof *prefetch);

    if (!prefetch) {
        err_memory(err, "the prefetch");
        return NULL;
    }
    prefetch->needed = needed;
    prefetch->options = *options;
    prefetch->claimed = calloc(needed->count + (size_t)1, sizeof *prefetch->claimed);
    if (!needed->ascends)
        prefetch->by_place = needed_by_address(needed, err);
    if (!prefetch->claimed || (!needed->ascends && !prefetch->by_place))
        err_memory(err, "the prefetch");
    else
        prefetch->buffers =
            buffers_create(options->spans, options->range, 0, sizeof(struct span), err);
    if (prefetch->buffers)
        return prefetch;
    prefetch_destroy(prefetch);
    return NULL;
}

void prefetch_destroy(struct prefetch *prefetch)
{
    if (!prefetch)
        return;
    buffers_destroy(prefetch->buffers);
    free(prefetch->by_place);
    free(prefetch->claimed);
    free(prefetch);
}

/* ---- the next range ---- */

static bool is_missing(const struct needed_chunks *needed, const struct needed_chunk *chunk)
{
    return !needed_is_kept(chunk) && needed_place(needed, chunk) == NEEDED_FROM_ARCHIVE;
}

static uint64_t end_of(const struct needed_chunk *chunk)
{
    return chunk->packed_offset + chunk->chunk.packed_size;
}

/* Moves on to the first chunk that no range has. False: there is none before `limit`. */
static bool find_first(struct prefetch *prefetch, uint32_t limit, size_t longest)
{
    for (; prefetch->chunk < limit; prefetch->chunk++) {
        const struct needed_chunk *chunk = &prefetch->needed->chunks[prefetch->chunk];

        if (prefetch->claimed[prefetch->chunk])
            prefetch->ahead += chunk->chunk.packed_size;
        else if (is_missing(prefetch->needed, chunk) && chunk->chunk.packed_size <= longest)
            return true;
    }
    return false;
}

/* Claims the missing chunks behind the first one that fit into the range. Returns its end. */
static uint64_t claim_range(struct prefetch *prefetch, uint32_t limit, size_t longest,
                            uint64_t bridge)
{
    const struct needed_chunks *needed = prefetch->needed;
    const struct needed_chunk *first = &needed->chunks[prefetch->chunk];
    uint32_t place = place_of(prefetch, first->packed_offset);
    uint64_t end = end_of(first);

    prefetch->claimed[prefetch->chunk] = true;
    for (uint32_t at = place; at < stop_of(prefetch, place); at++) {
        uint32_t number = number_at(prefetch, at);
        const struct needed_chunk *chunk = &needed->chunks[number];

        if (chunk->object != first->object ||
            (chunk->packed_offset > end && chunk->packed_offset - end > bridge))
            break;
        if (number >= limit || prefetch->claimed[number] || !is_missing(needed, chunk) ||
            end_of(chunk) - first->packed_offset > longest)
            continue;
        prefetch->claimed[number] = true;
        if (end_of(chunk) > end)
            end = end_of(chunk);
    }
    return end;
}

static void add_out(struct prefetch *prefetch, struct span *span)
{
    unsigned place = 0;

    while (prefetch->out[place])
        place++;
    prefetch->out[place] = span;
}

struct span *prefetch_next(struct prefetch *prefetch, uint32_t limit, size_t longest,
                           uint64_t bridge)
{
    struct buffer *buffer;
    struct span *span;
    uint64_t begin;

    if (longest > prefetch->options.range)
        longest = prefetch->options.range;
    if (prefetch->over || !find_first(prefetch, limit, longest) ||
        prefetch->ahead >= prefetch->options.ahead)
        return NULL;
    buffer = buffers_take(prefetch->buffers);
    if (!buffer)
        return NULL;
    span = span_of(buffer);
    span->number = prefetch->chunk;
    begin = prefetch->needed->chunks[prefetch->chunk].packed_offset;
    span->in_size = (size_t)(claim_range(prefetch, limit, longest, bridge) - begin);
    span->address = begin;
    span->op = (struct store_op){.verb = STORE_GET, .length = span->in_size, .buffer = buffer->in};
    add_out(prefetch, span);
    return span;
}

/* ---- ranges that have arrived ---- */

static void mark_fetched(const struct prefetch *prefetch, const struct span *span)
{
    uint64_t end = span->address + span->in_size;
    uint32_t place = place_of(prefetch, span->address);

    for (uint32_t at = place; at < stop_of(prefetch, place); at++) {
        uint32_t number = number_at(prefetch, at);
        struct needed_chunk *chunk = &prefetch->needed->chunks[number];

        if (chunk->packed_offset >= end)
            break;
        if (prefetch->claimed[number] && end_of(chunk) <= end &&
            is_missing(prefetch->needed, chunk))
            chunk->fetched = true;
    }
}

void prefetch_done(struct prefetch *prefetch, struct span *span, bool kept)
{
    for (unsigned i = 0; i < PREFETCH_SPANS_MAX; i++)
        if (prefetch->out[i] == span)
            prefetch->out[i] = NULL;
    if (kept)
        mark_fetched(prefetch, span);
    else
        prefetch->over = true;
    buffers_give(prefetch->buffers, span->buffer);
}

void prefetch_passed(struct prefetch *prefetch, uint32_t stream)
{
    for (; prefetch->stream < stream && prefetch->stream < prefetch->chunk; prefetch->stream++)
        if (prefetch->claimed[prefetch->stream])
            prefetch->ahead -= prefetch->needed->chunks[prefetch->stream].chunk.packed_size;
}

uint32_t prefetch_settled(const struct prefetch *prefetch)
{
    uint32_t settled = prefetch->over ? prefetch->needed->count : prefetch->chunk;

    for (unsigned i = 0; i < PREFETCH_SPANS_MAX; i++)
        if (prefetch->out[i] && prefetch->out[i]->number < settled)
            settled = (uint32_t)prefetch->out[i]->number;
    return settled;
}

unsigned prefetch_out(const struct prefetch *prefetch)
{
    return buffers_out(prefetch->buffers);
}
