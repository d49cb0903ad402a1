/*
 * gunzip - a streaming reader of any gzip file: any number of members, any header fields, any
 * writer.
 *
 * For archives that have no index. Zero padding at the end is accepted, other trailing bytes are
 * not.
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
/* Takes bytes from *in (advancing it) and writes at most cap bytes; returns how many in *produced.
 * With *in empty and *produced < cap more input is needed. Fails with integrity.gzip. */
int gunzip_read(struct gunzip *gunzip, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                struct err *err);
/* 0 when the input may end here: at least one member, none begun and unfinished. */
int gunzip_finish(struct gunzip *gunzip, struct err *err);

#endif
