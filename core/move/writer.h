/*
 * writer - the thread that gives the stream, in order, to the sink: spans -> check -> sink.
 *
 * It owns the sink and the check while it runs. It is handed spans in order, and posts home:
 *
 *   WRITER_SPAN      a span it is done with; span->err says whether that went well. After a failure
 * it takes spans without writing them WRITER_VERIFIED  once, when the whole image was verified and
 * given to the sink, which now makes it count WRITER_DONE      once, last: writer_result() may be
 * called from then on
 */
#ifndef S3DOCK_MOVE_WRITER_H
#define S3DOCK_MOVE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/inbox.h"
#include "move/assembly.h"
#include "move/check.h"
#include "move/sink.h"
#include "move/span.h"

struct writer_options {
    struct sink *sink;         /* borrowed; used by the writer alone until it is done */
    struct assembly *assembly; /* borrowed; NULL: spans are the save stream, whole. With it they are
                                  parts of it, and the assembly judges instead of the check */
    bool packed; /* spans carry pieces of a gzip archive in slot->in, to be inflated here */
    const char
        *checksum; /* hex MD5 that the pieces must have together; "" or NULL: none is known */
    /* The last word before the sink gets the end of the stream: 0, or why this image is refused. On
     * the writer's thread. */
    int (*approve)(void *arg, const struct image_info *info, struct err *err);
    void *approve_arg;
    struct inbox *home;
    int kind_span, kind_verified, kind_done;
};

struct writer;
struct writer *writer_create(const struct writer_options *options, struct err *err);
void writer_give(struct writer *writer, struct span *span);
/* No span follows. `whole`: all were given, so verify and finish; otherwise just end. */
void writer_end(struct writer *writer, bool whole);
/* After WRITER_DONE. *info lives as long as the writer; NULL for what was assembled. */
int writer_result(struct writer *writer, const struct image_info **info, struct err *err);
uint64_t writer_raw(const struct writer *writer); /* bytes of the stream, after WRITER_DONE */
/* After WRITER_DONE. Joins. Takes NULL. */
void writer_destroy(struct writer *writer);

#endif
