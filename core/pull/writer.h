/*
 * writer - the thread that takes the spans in order and gives their bytes to the bundle_writer, which
 * writes the bundle, or to the check, which only judges an archive.
 *
 * It owns the two, and the sink behind the bundle_writer, while it runs. It posts home:
 *
 *   WRITER_SPAN      a span that it is done with; span->err says whether that went well. After a
 *                    failure it takes spans without writing them
 *   WRITER_VERIFIED  once, when all was proven and given to the sink, which then makes it count
 *   WRITER_DONE      once, last: writer_result() may be called from then on
 */
#ifndef S3DOCK_PULL_WRITER_H
#define S3DOCK_PULL_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/inbox.h"
#include "pull/bundle_writer.h"
#include "pull/plan/span.h"
#include "pull/sink.h"
#include "pull/verify_stream.h"

struct writer_options {
    struct sink *sink; /* borrowed, as the two below; NULL with a check */
    /* One of the two. */
    struct bundle_writer *bundle_writer;
    struct verify_stream *verify;
    bool packed; /* spans carry pieces of a gzip archive in slot->in, to be inflated here */
    bool summed; /* with a check: spans carry chunks, and in slot->in the archive without a gap,
                    which is held against the checksum as well */
    uint64_t raw_size;    /* bytes that a packed archive must inflate to; 0: not known */
    const char *checksum; /* hex MD5 that the archive must have; "" or NULL: not known */
    struct inbox *home;
    int kind_span, kind_verified, kind_done;
};

struct writer;
struct writer *writer_create(const struct writer_options *options, struct err *err);
void writer_give(struct writer *writer, struct span *span);
/* No span follows. `whole`: all were given, so verify and finish; otherwise just end. */
void writer_end(struct writer *writer, bool whole);
/* After WRITER_DONE. */
int writer_result(struct writer *writer, struct err *err);
/* After WRITER_DONE, of a check: as verify_stream_finish left them. */
const struct image_info *writer_image(const struct writer *writer);
struct view writer_config(const struct writer *writer);
uint64_t writer_raw(const struct writer *writer); /* bytes of the stream, after WRITER_DONE */
/* After WRITER_DONE. Joins. Takes NULL. */
void writer_destroy(struct writer *writer);

#endif
