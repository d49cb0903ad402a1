/*
 * zstd_frame - packs one chunk into one zstd frame (libzstd) and back.
 *
 * Each frame has a single segment, the size of its content and a checksum, and no dictionary. A
 * packer or unpacker belongs to one thread at a time. Equal bytes, level and library give an equal
 * frame, also from a packer that has packed other chunks before.
 */
#ifndef S3DOCK_PACK_CODEC_ZSTD_FRAME_H
#define S3DOCK_PACK_CODEC_ZSTD_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

/* Names the rule which chunks are stored, and the form of a frame. The rule, libzstd and the level
 * decide the bytes of a frame, so the name must change with the rule. */
#define ZSTD_FRAME_RECIPE "s3dock/2"

#define ZSTD_FRAME_LEVEL_MAX 19          /* higher ones need more memory, and gain nothing */
#define ZSTD_FRAME_RAW_MAX   (256 * KIB) /* the largest chunk; a reader's window */
#define ZSTD_FRAME_LEAST     14          /* the smallest frame: one byte, stored */

/* Returns the buffer size that zstd_frame_pack needs for `raw_size` bytes at any level. */
size_t zstd_frame_bound(size_t raw_size);
/* Returns the size of the stored form (raw blocks), the largest form of a frame. */
size_t zstd_frame_stored_size(size_t raw_size);
/* Returns the version of libzstd that runs: "1.5.4". */
const char *zstd_frame_version(void);

struct zstd_packer;
/* `level`: 1 .. ZSTD_FRAME_LEVEL_MAX. Returns NULL if there is no memory. */
struct zstd_packer *zstd_packer_create(int level);
void zstd_packer_destroy(struct zstd_packer *packer); /* takes NULL */
/* Packs raw (1 .. ZSTD_FRAME_RAW_MAX bytes) into out (at least zstd_frame_bound(raw.size) bytes)
 * and returns the size. `stored`: the bytes are compressed already, so they go into raw blocks. */
size_t zstd_frame_pack(struct zstd_packer *packer, struct view raw, bool stored, uint8_t *out);

struct zstd_unpacker;
struct zstd_unpacker *zstd_unpacker_create(void);           /* NULL: there is no memory */
void zstd_unpacker_destroy(struct zstd_unpacker *unpacker); /* takes NULL */
/* Unpacks one whole frame of the form above, which must have exactly raw_size bytes and use all of
 * `packed`. Fails with integrity.chunk otherwise, and when the checksum is wrong. */
int zstd_frame_unpack(struct zstd_unpacker *unpacker, struct view packed, uint8_t *out,
                      size_t raw_size, struct err *err);

#endif
