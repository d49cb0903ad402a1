/*
 * bundle_writer - writes a bundle to a sink from bytes of the save stream, and verifies them.
 *
 * Each layer must have its digest as stored, its diffID after unpacking, and its media type. The
 * documents and the end of the tar are written after all layers are verified: a daemon that does
 * not get the end of its tar loads nothing.
 */
#ifndef S3DOCK_PULL_BUNDLE_WRITER_H
#define S3DOCK_PULL_BUNDLE_WRITER_H

#include <stdint.h>

#include "pack/image/bundle.h"
#include "pull/sink.h"

struct err;

struct bundle_writer;
/* Borrows all three. NULL: no memory. */
struct bundle_writer *bundle_writer_create(const struct bundle *bundle,
                                           const struct image_info *image, struct sink *sink);
void bundle_writer_destroy(struct bundle_writer *writer); /* takes NULL */

/* Takes the bytes at raw_offset of the save stream, in ascending order. Ranges that the bundle does
 * not need may be given or left out. Fails with integrity.index if needed bytes were left out, and
 * with integrity.layer if a layer contradicts the documents. */
int bundle_writer_feed(struct bundle_writer *writer, uint64_t raw_offset, struct view bytes,
                       struct err *err);
/* Call this after the last byte: writes the documents and the end of the tar. */
int bundle_writer_finish(struct bundle_writer *writer, struct err *err);

#endif
