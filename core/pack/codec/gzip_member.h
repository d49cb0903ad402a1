/*
 * gzip_member - packs one chunk into one gzip member (libdeflate or ISA-L) and back.
 *
 * The header is fixed: mtime 0, OS 255, no name. A packer or unpacker belongs to one thread at a
 * time. Equal bytes, level and library give an equal member.
 */
#ifndef S3DOCK_PACK_CODEC_GZIP_MEMBER_H
#define S3DOCK_PACK_CODEC_GZIP_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

/* Names the rule which chunks are stored (compressible.h). The rule, libdeflate and the level
 * decide the bytes of a member, so the name must change with the rule. */
#define GZIP_MEMBER_RECIPE "s3dock/1"

#define GZIP_MEMBER_LEVEL_MAX 12
#define GZIP_MEMBER_FASTEST   0 /* ISA-L if this build has it, else level 1 */

/* Returns the buffer size that gzip_member_pack needs for `raw_size` bytes at any level. */
size_t gzip_member_bound(size_t raw_size);
/* Returns the size of the stored form (deflate's stored blocks), the largest form of a member. */
size_t gzip_member_stored_size(size_t raw_size);

struct gzip_packer;
/* `level`: 1 .. GZIP_MEMBER_LEVEL_MAX, or GZIP_MEMBER_FASTEST. Returns NULL if there is no
 * memory. */
struct gzip_packer *gzip_packer_create(int level);
void gzip_packer_destroy(struct gzip_packer *packer); /* takes NULL */
/* Packs raw (not empty) into out (at least gzip_member_bound(raw.size) bytes) and returns the size.
 * `stored`: the bytes are compressed already, so they go into stored blocks. */
size_t gzip_member_pack(struct gzip_packer *packer, struct view raw, bool stored, uint8_t *out);

struct gzip_unpacker;
struct gzip_unpacker *gzip_unpacker_create(void);           /* NULL: there is no memory */
void gzip_unpacker_destroy(struct gzip_unpacker *unpacker); /* takes NULL */
/* Inflates one whole member, which must have exactly raw_size bytes and use all of `packed`. Fails
 * with integrity.chunk otherwise, and when the CRC is wrong. */
int gzip_member_unpack(struct gzip_unpacker *unpacker, struct view packed, uint8_t *out,
                       size_t raw_size, struct err *err);

#endif
