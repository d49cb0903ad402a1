/*
 * writer - the thread that passes the bytes of the spans in order to the bundle writer. If the
 * archive is only verified, verify_stream gets the bytes.
 *
 * While it runs, it owns these two and the sink. It posts these messages:
 *
 *   kind_span      for each span that it has written; span->err has a failure. After a failure it
 *                  returns spans without writing them
 *   kind_verified  once, when all bytes are verified and written, before sink_finish
 *   kind_done      once, last; then writer_result() may be called
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

struct packing;

struct writer_options {
    struct sink *sink; /* borrowed, as the next two; NULL with verify */
    /* One of these two. */
    struct bundle_writer *bundle_writer;
    struct verify_stream *verify;
    /* Spans hold pieces of the archive in buffer->in, which the writer unpacks; NULL: chunks. */
    const struct packing *packed;
    /* With verify: spans hold chunks, and buffer->in holds the archive without gaps. The writer
     * compares its checksum. */
    bool summed;
    uint64_t raw_size;    /* bytes of the save stream of a packed archive; 0: not known */
    const char *checksum; /* hex MD5 of the archive; "" or NULL: not known */
    struct inbox *inbox;
    int kind_span, kind_verified, kind_done;
};

struct writer;
struct writer *writer_create(const struct writer_options *options, struct err *err);
void writer_give(struct writer *writer, struct span *span);
/* Call this after the last span. `whole`: all spans were given, so the writer verifies and
 * finishes; otherwise it only ends. */
void writer_end(struct writer *writer, bool whole);
/* Returns 0, or the first failure. This function and the next three may be called after kind_done.
 */
int writer_result(struct writer *writer, struct err *err);
/* With verify: the image and its config, as verify_stream_finish returned them. */
const struct image_info *writer_image(const struct writer *writer);
struct view writer_config(const struct writer *writer);
uint64_t writer_raw(const struct writer *writer); /* bytes of the save stream */
/* Waits for the end of the thread. Takes NULL. */
void writer_destroy(struct writer *writer);

#endif
