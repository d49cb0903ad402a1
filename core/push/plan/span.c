/*
 * A worker walks over the raw bytes of a span once. It appends each packed chunk to buffer->out, or
 * leaves a gap where an earlier push has sent the packed bytes already.
 */
#include "push/plan/span.h"

#include "pack/chunk/cut.h"
#include "pack/codec/codec.h"

struct push_span *push_span_of(struct buffer *buffer)
{
    struct push_span *span = buffer->aux;

    span->buffer = buffer;
    span->count = 0;
    span->in_size = span->out_size = 0;
    span->unread = 0;
    span->named = span->looked_up = false;
    return span;
}

void push_span_name(struct job *job, void *scratch)
{
    struct push_span *span = (struct push_span *)job;
    const uint8_t *raw = span->buffer->in;

    (void)scratch;
    for (unsigned i = 0; i < span->count; i++) {
        struct index_chunk *chunk = &span->chunks[i].chunk;

        chunk->name = chunk_name_of(NAME_SHA256, raw, chunk->raw_size);
        raw += chunk->raw_size;
    }
    span->named = true;
}

void push_span_pack(struct job *job, void *scratch)
{
    struct push_span *span = (struct push_span *)job;
    const uint8_t *in = span->buffer->in;

    if (!span->named)
        push_span_name(job, NULL);
    for (unsigned i = 0; i < span->count; i++) {
        struct push_chunk *chunk = &span->chunks[i];

        if (chunk->fate == CHUNK_PACK)
            chunk->chunk.packed_size = (uint32_t)packer_pack(
                scratch, view_of(in, chunk->chunk.raw_size), chunk->flags & CHUNK_STORED,
                span->buffer->out + span->out_size);
        else if (chunk->fate != CHUNK_SENT)
            chunk->chunk.packed_size = 0;
        span->out_size += chunk->chunk.packed_size;
        if (chunk->fate != CHUNK_UNREAD)
            in += chunk->chunk.raw_size;
    }
}

size_t push_span_bound(size_t raw)
{
    /* Each chunk has its own bound. The constant share of a bound counts once for each chunk. */
    return codec_bound(raw) + PUSH_SPAN_CHUNKS * codec_bound(1);
}
