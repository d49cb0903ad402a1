/*
 * The partial download is written after the chunks were unpacked: damaged ranges are not kept.
 */
#include "pull/span_jobs.h"

#include "pack/codec/codec.h"
#include "pull/partial/partial.h"
#include "pull/plan/seed_file.h"
#include "pull/plan/span.h"

static void *create_unpacker(void *arg)
{
    struct err ignored;

    (void)arg;
    return unpacker_create(&ignored);
}

static void destroy_unpacker(void *unpacker)
{
    unpacker_destroy(unpacker);
}

struct workers *span_jobs_start_workers(unsigned count, struct err *err)
{
    return workers_create(&(struct workers_options){.count = count,
                                                    .scratch_create = create_unpacker,
                                                    .scratch_destroy = destroy_unpacker},
                          err);
}

static bool keep_range(const struct span *span)
{
    return partial_keep(span->partial, span->address, view_of(span->buffer->in, span->in_size));
}

/* Discards the chunks that no other span reads. Neighbours in the file are discarded together. */
static void discard_seed_chunks(const struct span *span)
{
    uint64_t begin = 0, end = 0;

    for (unsigned i = 0; i < span->count; i++) {
        const struct span_chunk *chunk = &span->chunks[i];

        if (chunk->from != SPAN_FROM_SEED || chunk->shared)
            continue;
        if (chunk->at != end) {
            if (end > begin)
                seed_file_discard(span->seed_fd, begin, end - begin);
            begin = chunk->at;
        }
        end = chunk->at + chunk->chunk.raw_size;
    }
    if (end > begin)
        seed_file_discard(span->seed_fd, begin, end - begin);
}

void span_job_unpack(struct job *job, void *scratch)
{
    struct span *span = (struct span *)job;

    if (span_unpack(span, scratch))
        return;
    discard_seed_chunks(span);
    if (span->partial)
        keep_range(span);
}

void span_job_piece(struct job *job, void *scratch)
{
    struct span *span = (struct span *)job;

    (void)scratch;
    if (!span->op.length)
        partial_read(span->partial, span->address, span->buffer->in, span->in_size, &span->err);
    else if (span->partial)
        keep_range(span);
}

void span_job_keep(struct job *job, void *scratch)
{
    struct span *span = (struct span *)job;

    (void)scratch;
    if (!keep_range(span))
        err_set(&span->err, ERR_LOCAL, "spool", "the fetched range could not be kept");
}
