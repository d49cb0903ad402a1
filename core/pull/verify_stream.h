/*
 * verify_stream - scans an archive that is read without an index, and judges it.
 *
 * Nothing of the archive is passed on. What a sound one holds is then written anew (assembly).
 */
#ifndef S3DOCK_PULL_VERIFY_STREAM_H
#define S3DOCK_PULL_VERIFY_STREAM_H

#include <stdint.h>

#include "base/bytes.h"
#include "pack/image/image.h"

struct err;

struct verify_stream;
struct verify_stream *verify_stream_create(void); /* NULL: out of memory */
void verify_stream_destroy(struct verify_stream *check);

/* Scans the next bytes of the stream. */
int verify_stream_feed(struct verify_stream *check, struct view bytes, struct err *err);
/* The stream has ended: verifies the image. *info, and *config, the bytes of its config, live as
 * long as the check. */
int verify_stream_finish(struct verify_stream *check, const struct image_info **info,
                         struct view *config, struct err *err);

#endif
