/*
 * reader - the thread that turns a save stream into spans of raw chunks: source -> cut -> buffers.
 *
 * As long as the source may skip layers, the end of each chunk decides whether reading continues.
 * Then the reader names the chunk and looks it up in the bases. Otherwise the workers name chunks.
 * Skipped layers become chunks without bytes (CHUNK_UNREAD).
 *
 * The reader owns the source, the cut and the parser of the image while it runs. It is given empty
 * spans, and posts to the inbox:
 *
 *   kind_started  once, with the first byte (a daemon exports for a while before that)
 *   kind_span     a filled span (the span's own message)
 *   kind_unused   the span that it was filling when it had to end early
 *   kind_done     once, last: reader_result() may be called from then on
 */
#ifndef S3DOCK_PUSH_READER_H
#define S3DOCK_PUSH_READER_H

#include <stdint.h>

#include "flow/inbox.h"
#include "pack/image/image.h"
#include "push/plan/span.h"
#include "transfer/source.h"

struct reader_options {
    struct source *source; /* borrowed; used by the reader alone until it has ended */
    struct chunk_params params;
    int64_t mtime;      /* for the headers, seconds since 1970; -1: they stay */
    size_t buffer_size; /* of buffer->in: at least READER_BUFFER_MIN */
    const struct chunk_lookup
        *known; /* chunks of the bases, if the source may skip layers; or NULL */
    struct inbox *inbox;
    int kind_started, kind_span, kind_unused, kind_done; /* msg.kind of its messages */
};

/* A buffer must have room for the bytes since the last boundary and one more chunk. */
#define READER_BUFFER_MIN (2 * CHUNK_MAX_LIMIT + 2 * TAR_BLOCK)

struct reader;
struct reader *reader_create(const struct reader_options *options, struct err *err);
/* Gives the reader an empty span to fill. */
void reader_give(struct reader *reader, struct push_span *span);
/* Asks the reader to end early: kind_done follows soon. */
void reader_stop(struct reader *reader);
/* Returns the spans that were not filled, one by one; NULL: there is none left. Call it after
 * kind_done. */
struct push_span *reader_reclaim(struct reader *reader);
/* Returns 0 and the verified content of the stream, or fails with the reason for a refusal. Call it
 * after kind_done. */
int reader_result(struct reader *reader, const struct image_info **info, struct err *err);
/* Joins the thread. Call it after kind_done, or when no span was given. Takes NULL. */
void reader_destroy(struct reader *reader);

#endif
