/*
 * output - the end of a pull's pipeline: the sink, the bundle writer and the writer thread.
 */
#ifndef S3DOCK_PULL_OUTPUT_H
#define S3DOCK_PULL_OUTPUT_H

#include "pull/bundle_writer.h"
#include "pull/prepare.h"
#include "pull/sink.h"
#include "pull/verify_stream.h"
#include "pull/writer.h"

struct err;

struct pull_output_options {
    const struct prepare *prepared;
    struct verify_stream *verify; /* NULL: the bundle is written */
    struct inbox *inbox;
    int kind_span, kind_verified, kind_done; /* of the writer's messages (writer.h) */
    /* Gets the daemon's lines of progress, on the writer thread. */
    void (*line)(void *arg, const char *line);
    void *arg;
};

struct pull_output {
    struct sink *sink;                   /* NULL: nothing is written */
    struct bundle_writer *bundle_writer; /* NULL: the archive is only verified */
    struct writer *writer;               /* NULL: it could not be started */
};

/* Opens the destination and starts the writer. Fails with local.disk_full if the disk of the output
 * file is too small. Call pull_output_close in any case. */
int pull_output_open(struct pull_output *output, const struct pull_output_options *options,
                     struct err *err);
/* Only after the message kind_done, if the writer was started. Deletes incomplete output. */
void pull_output_close(struct pull_output *output);

#endif
