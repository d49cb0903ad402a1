/*
 * verify_stream - scans an archive that has no index, and verifies it.
 *
 * It passes nothing on: a second pass writes the contents of a valid archive (bundle_writer).
 */
#ifndef S3DOCK_PULL_VERIFY_STREAM_H
#define S3DOCK_PULL_VERIFY_STREAM_H

#include <stdint.h>

#include "base/bytes.h"
#include "pack/image/image.h"

struct err;

struct verify_stream;
struct verify_stream *verify_stream_create(void); /* NULL: no memory */
void verify_stream_destroy(struct verify_stream *stream);

/* Scans the next bytes of the stream. */
int verify_stream_feed(struct verify_stream *stream, struct view bytes, struct err *err);
/* Call this at the end of the stream: verifies the image. *info, and *config (the bytes of the
 * config), live as long as the verify_stream. */
int verify_stream_finish(struct verify_stream *stream, const struct image_info **info,
                         struct view *config, struct err *err);

#endif
