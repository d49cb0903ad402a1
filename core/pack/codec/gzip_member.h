/*
 * gzip_member - one chunk <-> one gzip member (libdeflate). Fixed header: mtime 0, OS 255, no name.
 *
 * A packer or unpacker belongs to one thread at a time. Same bytes, level and library: same member.
 */
#ifndef S3DOCK_PACK_CODEC_GZIP_MEMBER_H
#define S3DOCK_PACK_CODEC_GZIP_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

/* What decides the bytes of a member besides libdeflate and the level: which chunks are stored
 * (compressible.h). It changes when that rule does. */
#define GZIP_MEMBER_RECIPE "s3dock/1"

#define GZIP_MEMBER_LEVEL_MIN 1
#define GZIP_MEMBER_LEVEL_MAX 12

/* The room that gzip_member_pack needs for its output of `raw_size` bytes, whatever the level. */
size_t gzip_member_bound(size_t raw_size);
/* The size of the stored form (deflate's stored blocks): no member of ours is larger. */
size_t gzip_member_stored_size(size_t raw_size);

struct packer;
struct packer *packer_create(int level, struct err *err);
void packer_destroy(struct packer *packer);
/* Packs raw (not empty) into out (gzip_member_bound(raw.size) at least) and returns the size. `stored`:
 * the bytes are known to be compressed already, so they are stored as they are (deflate's stored
 * blocks). */
size_t gzip_member_pack(struct packer *packer, struct view raw, bool stored, uint8_t *out);

struct unpacker;
struct unpacker *unpacker_create(struct err *err);
void unpacker_destroy(struct unpacker *unpacker);
/* Inflates one whole member that must give exactly raw_size bytes and use all of `packed`; anything
 * else (CRC included) is integrity.chunk. */
int gzip_member_unpack(struct unpacker *unpacker, struct view packed, uint8_t *out, size_t raw_size,
                       struct err *err);

#endif
