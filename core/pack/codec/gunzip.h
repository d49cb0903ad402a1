/*
 * gunzip - a streaming reader of any gzip file: any number of members, any header fields, any
 * writer.
 *
 * For archives that have no index. Zero padding at the end is accepted, other trailing bytes fail.
 */
#ifndef S3DOCK_PACK_CODEC_GUNZIP_H
#define S3DOCK_PACK_CODEC_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

struct gunzip;
struct gunzip *gunzip_create(struct err *err);
void gunzip_destroy(struct gunzip *gunzip);
/* Consumes bytes of *in, advancing it, and writes at most cap bytes. *produced: the bytes written.
 * If *in is empty and *produced < cap, more input is needed. Fails with integrity.gzip. */
int gunzip_read(struct gunzip *gunzip, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                struct err *err);
/* Returns 0 if the input may end here: it had a member, and none is incomplete. */
int gunzip_finish(struct gunzip *gunzip, struct err *err);
/* Returns true if zeros follow the last member, which Go's reader refuses. */
bool gunzip_is_padded(const struct gunzip *gunzip);

#endif
