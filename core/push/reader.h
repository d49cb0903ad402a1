/*
 * reader - the thread that turns a save stream into spans of raw chunks: source -> cut -> slots.
 * As long as the source may leave layers out, each chunk that ends decides whether reading goes on:
 * then the reader names it and looks it up in the earlier archives. Else the workers name chunks.
 *
 * What the source need not read becomes chunks without bytes (CHUNK_UNREAD).
 *
 * It owns the source, the cut and the reading of the image while it runs. It is handed empty spans,
 * and posts home:
 *
 *   READER_STARTED  once, with the first byte (a daemon exports for a while before that)
 *   READER_SPAN     a filled span (the span's own message)
 *   READER_UNUSED    the span it was filling when it had to end early
 *   READER_DONE     once, last: reader_result() may be called from then on
 */
#ifndef S3DOCK_PUSH_READER_H
#define S3DOCK_PUSH_READER_H

#include <stdint.h>

#include "flow/inbox.h"
#include "pack/image/image.h"
#include "push/plan/span.h"
#include "transfer/source.h"

struct reader_options {
    struct source *source; /* borrowed; used by the reader alone until it is done */
    struct chunk_params params;
    int64_t mtime;    /* for the headers, seconds since 1970 */
    size_t slot_size; /* of slot->in: at least READER_SLOT_MIN */
    const struct chunk_lookup
        *known; /* chunks of earlier archives: of a source with unread layers. Or NULL */
    struct inbox *home;
    int kind_started, kind_span, kind_unused, kind_done; /* msg.kind of what is posted */
};

/* A slot must take the bytes since the last boundary and a whole further chunk. */
#define READER_SLOT_MIN (2 * CHUNK_MAX_LIMIT + 2 * TAR_BLOCK)

struct reader;
struct reader *reader_create(const struct reader_options *options, struct err *err);
/* An empty span to fill. */
void reader_give(struct reader *reader, struct push_span *span);
/* Asks it to end early: READER_DONE comes soon. */
void reader_stop(struct reader *reader);
/* After READER_DONE: the spans that it was given and did not fill, one by one; NULL when there is
 * none left. */
struct push_span *reader_reclaim(struct reader *reader);
/* After READER_DONE. 0 and what the stream held, verified; or why it is refused. */
int reader_result(struct reader *reader, const struct image_info **info, struct err *err);
/* After READER_DONE (or when nothing was ever given). Joins. Takes NULL. */
void reader_destroy(struct reader *reader);

#endif
