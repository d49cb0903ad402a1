#include "pull/plan/span.h"

#include <fcntl.h>

#include "base/file.h"
#include "pack/chunk/cut.h"
#include "pack/codec/gzip_member.h"
#include "pull/partial/partial.h"

struct span *span_of(struct buffer *slot)
{
    struct span *span = slot->aux;

    span->slot = slot;
    span->count = 0;
    span->in_size = span->out_size = 0;
    span->unread = span->packed = 0;
    span->spool = -1;
    span->kept = NULL;
    span->names = NAME_SHA256;
    span->named = span->looked_up = span->compare = false;
    span->err.family = ERR_NONE;
    return span;
}

void span_name(struct job *job, void *scratch)
{
    struct span *span = (struct span *)job;
    const uint8_t *raw = span->slot->in;

    (void)scratch;
    for (unsigned i = 0; i < span->count; i++) {
        struct index_chunk *chunk = &span->chunks[i].chunk;

        chunk->name = chunk_name_of(span->names, raw, chunk->raw_size);
        raw += chunk->raw_size;
    }
    span->named = true;
}

void span_pack(struct job *job, void *scratch)
{
    struct span *span = (struct span *)job;
    const uint8_t *in = span->slot->in;

    if (!span->named)
        span_name(job, NULL);
    for (unsigned i = 0; i < span->count; i++) {
        struct index_chunk *chunk = &span->chunks[i].chunk;
        bool stored = span->chunks[i].flags & CHUNK_STORED;

        if (span->chunks[i].flags & SPAN_UNREAD) {
            chunk->packed_size = 0;
            continue;
        }
        if (span->chunks[i].sent)
            ; /* it leaves a gap */
        else if (span->chunks[i].unpacked)
            chunk->packed_size = 0;
        else
            chunk->packed_size = (uint32_t)gzip_member_pack(
                scratch, view_of(in, chunk->raw_size), stored, span->slot->out + span->out_size);
        span->out_size += chunk->packed_size;
        in += chunk->raw_size;
    }
}

static int unpack_kept(const struct span *span, struct unpacker *unpacker,
                       const struct span_chunk *from, uint8_t *raw, struct err *err)
{
    uint8_t *room = span->slot->in + span->in_size;
    uint32_t size = from->chunk.packed_size;

    return partial_read(span->kept, from->at, room, size, err) ||
                   gzip_member_unpack(unpacker, view_of(room, size), raw, from->chunk.raw_size, err)
               ? ERR_FAIL
               : 0;
}

/* Brings one chunk into the clear, wherever it lies. */
static int unpack_chunk(const struct span *span, struct unpacker *unpacker,
                        const struct span_chunk *from, uint8_t *raw, struct err *err)
{
    const struct index_chunk *chunk = &from->chunk;

    if (from->flags & SPAN_SPOOLED)
        return file_read_at(span->spool, raw, chunk->raw_size, (off_t)from->at, "the spool", err);
    if (from->flags & SPAN_KEPT)
        return unpack_kept(span, unpacker, from, raw, err);
    return gzip_member_unpack(unpacker, view_of(span->slot->in + from->at, chunk->packed_size), raw,
                              chunk->raw_size, err);
}

/* Adds the place of a chunk that failed to the error. */
static void locate(struct span *span, const struct span_chunk *chunk)
{
    if (!(chunk->flags & (SPAN_SPOOLED | SPAN_KEPT)))
        err_wrap(&span->err, "archive bytes %llu+%u",
                 (unsigned long long)span->op.offset + chunk->at, chunk->chunk.packed_size);
}

static int unpack_all(struct span *span, struct unpacker *unpacker)
{
    for (unsigned i = 0; i < span->count; i++) {
        const struct span_chunk *chunk = &span->chunks[i];

        if (unpack_chunk(span, unpacker, chunk, span->slot->out + span->out_size, &span->err)) {
            locate(span, chunk);
            return ERR_FAIL;
        }
        span->out_size += chunk->chunk.raw_size;
    }
    return 0;
}

/* Compares what was unpacked with the names in the index. */
static int check_names_of(struct span *span)
{
    const uint8_t *raw = span->slot->out;

    for (unsigned i = 0; i < span->count; i++) {
        const struct span_chunk *chunk = &span->chunks[i];
        struct chunk_name name = chunk_name_of(span->names, raw, chunk->chunk.raw_size);

        raw += chunk->chunk.raw_size;
        if (chunk_name_equals(&name, &chunk->chunk.name))
            continue;
        err_set(&span->err, ERR_INTEGRITY, "chunk", "a chunk is not the one that the index names");
        locate(span, chunk);
        return ERR_FAIL;
    }
    return 0;
}

/* What lay in the file of this host's chunks is not wanted again: gone before the disk has it. A
 * file system that cannot do that keeps it until the end. Neighbours go together. */
static void forget_spooled(const struct span *span)
{
    uint64_t begin = 0, end = 0;

    for (unsigned i = 0; i <= span->count; i++) {
        const struct span_chunk *chunk = &span->chunks[i];
        bool goes =
            i < span->count && (chunk->flags & (SPAN_SPOOLED | SPAN_SHARED)) == SPAN_SPOOLED;

        if (goes && chunk->at == end) {
            end += chunk->chunk.raw_size;
            continue;
        }
        if (end > begin)
            fallocate(span->spool, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)begin,
                      (off_t)(end - begin));
        begin = goes ? chunk->at : 0;
        end = goes ? chunk->at + chunk->chunk.raw_size : 0;
    }
}

void span_unpack(struct job *job, void *scratch)
{
    struct span *span = (struct span *)job;

    if (unpack_all(span, scratch) || (span->compare && check_names_of(span)))
        return;
    forget_spooled(span);
    if (span->kept)
        partial_keep(span->kept, span->op.offset, view_of(span->slot->in, span->in_size));
}

void span_settle(struct job *job, void *scratch)
{
    struct span *span = (struct span *)job;

    (void)scratch;
    if (!span->op.length)
        partial_read(span->kept, span->op.offset, span->slot->in, span->in_size, &span->err);
    else if (span->kept)
        partial_keep(span->kept, span->op.offset, view_of(span->slot->in, span->in_size));
}

void span_keep(struct job *job, void *scratch)
{
    struct span *span = (struct span *)job;

    (void)scratch;
    if (!partial_keep(span->kept, span->op.offset, view_of(span->slot->in, span->in_size)))
        err_set(&span->err, ERR_LOCAL, "spool", "what was fetched is not kept");
}

size_t span_bound(size_t raw)
{
    /* Each chunk is bounded on its own; the fixed share of a bound is what the count multiplies. */
    return gzip_member_bound(raw) + SPAN_CHUNKS * gzip_member_bound(1);
}
