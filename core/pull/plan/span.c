/*
 * Unpacking reads each chunk from its place, unpacks it, and compares it with its name if the span
 * has that flag.
 */
#include "pull/plan/span.h"

#include "pack/codec/codec.h"
#include "pull/partial/partial.h"
#include "pull/plan/seed_file.h"

struct span *span_of(struct buffer *buffer)
{
    struct span *span = buffer->aux;

    span->buffer = buffer;
    span->count = 0;
    span->in_size = span->out_size = 0;
    span->packed = 0;
    span->seed_fd = -1;
    span->partial = NULL;
    span->names = NAME_SHA256;
    span->compare = false;
    span->err.family = ERR_NONE;
    span->damaged = SPAN_UNDAMAGED;
    return span;
}

static int unpack_from_partial(const struct span *span, struct unpacker *unpacker,
                               const struct span_chunk *from, uint8_t *raw, struct err *err)
{
    uint8_t *room = span->buffer->in + span->in_size;
    uint32_t size = from->chunk.packed_size;

    if (partial_read(span->partial, from->at, room, size, err))
        return ERR_FAIL;
    return unpacker_unpack(unpacker, from->codec, view_of(room, size), raw, from->chunk.raw_size,
                           err);
}

static int unpack_chunk(const struct span *span, struct unpacker *unpacker,
                        const struct span_chunk *from, uint8_t *raw, struct err *err)
{
    const struct index_chunk *chunk = &from->chunk;

    switch (from->from) {
    case SPAN_FROM_SEED:
        return seed_file_read(span->seed_fd, from->at, raw, chunk->raw_size, err);
    case SPAN_FROM_PARTIAL:
        return unpack_from_partial(span, unpacker, from, raw, err);
    case SPAN_FROM_ARCHIVE:
        break;
    }
    return unpacker_unpack(unpacker, from->codec,
                           view_of(span->buffer->in + from->at, chunk->packed_size), raw,
                           chunk->raw_size, err);
}

static int compare_name(const struct span *span, const struct index_chunk *chunk,
                        const uint8_t *raw, struct err *err)
{
    struct chunk_name name = chunk_name_of(span->names, raw, chunk->raw_size);

    if (chunk_name_equals(&name, &chunk->name))
        return 0;
    return err_set(err, ERR_INTEGRITY, "chunk",
                   "a chunk differs from the one that the index names");
}

/* Notes the address of a packed chunk that failed. */
static int locate_failure(struct span *span, const struct span_chunk *chunk)
{
    if (chunk->from == SPAN_FROM_ARCHIVE)
        span->damaged = span->address + chunk->at;
    else if (chunk->from == SPAN_FROM_PARTIAL)
        span->damaged = chunk->at;
    return ERR_FAIL;
}

int span_unpack(struct span *span, struct unpacker *unpacker)
{
    for (unsigned i = 0; i < span->count; i++) {
        const struct span_chunk *chunk = &span->chunks[i];
        uint8_t *raw = span->buffer->out + span->out_size;

        if (unpack_chunk(span, unpacker, chunk, raw, &span->err) ||
            (span->compare && compare_name(span, &chunk->chunk, raw, &span->err)))
            return locate_failure(span, chunk);
        span->out_size += chunk->chunk.raw_size;
    }
    return 0;
}
