/*
 * bundle_writer - writes a bundle, from bytes of the save stream as they come, and proves them.
 *
 * Every layer must have its SHA-256 as it is stored, its diffID once it is unpacked, and its media
 * type. The documents and the end of the tar are withheld until all layers are proven: a daemon
 * that was not given the end of its tar loads nothing.
 */
#ifndef S3DOCK_PULL_BUNDLE_WRITER_H
#define S3DOCK_PULL_BUNDLE_WRITER_H

#include <stdint.h>

#include "pack/image/bundle.h"
#include "pull/sink.h"

struct err;

struct bundle_writer;
/* All three are borrowed; NULL: out of memory. */
struct bundle_writer *bundle_writer_create(const struct bundle *bundle,
                                           const struct image_info *image, struct sink *sink);
void bundle_writer_destroy(struct bundle_writer *writer); /* takes NULL */

/* The bytes that stand at raw_offset of the save stream. In ascending order; ranges that the bundle
 * does not need may be left out, and are dropped when they are given. integrity.index: bytes that
 * are needed were left out. integrity.layer: a layer is not what the documents say of it. */
int bundle_writer_feed(struct bundle_writer *writer, uint64_t raw_offset, struct view bytes,
                       struct err *err);
/* All was fed. Writes the documents and the end of the tar, if every layer was whole. */
int bundle_writer_finish(struct bundle_writer *writer, struct err *err);

#endif
