/*
 * plain_upload - moves packed spans into parts of one size and sends them: a push without bases.
 *
 * The counterpart of the assembler. Belongs to the engine.
 */
#ifndef S3DOCK_PUSH_UPLOAD_PLAIN_UPLOAD_H
#define S3DOCK_PUSH_UPLOAD_PLAIN_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "pack/index/index.h"
#include "push/plan/parts.h"
#include "push/plan/span.h"
#include "push/resume/resume.h"
#include "push/upload/upload.h"

struct err;

/* The pointers are set by the caller and borrowed; the rest is zeroed. */
struct plain_upload {
    struct upload *upload;
    struct parts *parts;
    struct index_builder *builder;
    struct resume *resume;
    bool begun;  /* the current span is in the index */
    size_t done; /* bytes of its buffer->out that are in parts */
};

/* Adds the next span, in order, to the index and to parts. Sends full parts, unless an earlier push
 * has sent them. 0: all of it; PARTS_WAIT: call again with the same span when a part is
 * free. */
int plain_upload_add(struct plain_upload *plain, const struct push_span *span, struct err *err);
/* All spans were added: sends the rest as the last part. The only part of an archive is held until
 * the archive is completed. */
int plain_upload_end(struct plain_upload *plain, struct err *err);

#endif
