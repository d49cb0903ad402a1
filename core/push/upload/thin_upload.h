/*
 * thin_upload - moves the chunks that only this image has into parts of one size and sends them:
 * the push of a thin image.
 *
 * The other chunks of the image are referred to: those that earlier images hold, and repeats of own
 * ones. Belongs to the engine. The counterpart of plain_upload and the assembler.
 */
#ifndef S3DOCK_PUSH_UPLOAD_THIN_UPLOAD_H
#define S3DOCK_PUSH_UPLOAD_THIN_UPLOAD_H

#include <stdint.h>

#include "pack/index/index.h"
#include "push/plan/bases.h"
#include "push/plan/parts.h"
#include "push/plan/span.h"
#include "push/resume/resume.h"
#include "push/upload/upload.h"

struct err;

struct thin_upload_options {
    struct store *store; /* all pointers are borrowed */
    struct upload *upload;
    const struct bases *bases; /* count 0: there are none */
    struct parts *parts;
    struct index_builder *builder; /* without objects: the bases' are added */
    struct resume *resume;
};

struct thin_upload;
struct thin_upload *thin_upload_create(const struct thin_upload_options *options, struct err *err);
void thin_upload_destroy(struct thin_upload *thin); /* takes NULL */

/* Decides which of the named chunks of a span are referred to: looks them up in the bases, unless
 * the reader has done so, and among the own chunks. Call it in the order of the stream, before the
 * chunks are packed. Fails when the stream is not that of the unfinished upload. */
int thin_upload_look_up(struct thin_upload *thin, struct push_span *span, struct err *err);
/* Adds the next span, in order, to the index, and its own chunks to parts. Sends full parts, unless
 * an earlier push has sent them. 0: all of it; PARTS_WAIT: call again with the same span when a
 * part is free. */
int thin_upload_add(struct thin_upload *thin, const struct push_span *span, struct err *err);
/* All spans were added: sends the rest as the last part. The only part is held until the object is
 * completed. */
int thin_upload_end(struct thin_upload *thin, struct err *err);
/* Waits for the spot check, which was begun with the upload. SPOT_CHECK_DIFFERS (spot_check.h):
 * object *different of the bases differs from its index. */
int thin_upload_check(struct thin_upload *thin, unsigned *different, struct err *err);
/* Packed bytes of the chunks in earlier images; repeats of own chunks do not count. */
uint64_t thin_upload_referred(const struct thin_upload *thin);

#endif
