/*
 * codec - packs and unpacks one chunk, in the form of each codec.
 *
 * A chunk of the codec gzip is one gzip member (gzip_member.h), a chunk of the codec zstd is one
 * frame (zstd_frame.h). A packer or unpacker belongs to one thread at a time. Equal bytes and an
 * equal writer give an equal packed chunk.
 */
#ifndef S3DOCK_PACK_CODEC_CODEC_H
#define S3DOCK_PACK_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

/* The numbers of an index of version 3. */
enum codec { CODEC_GZIP = 1, CODEC_ZSTD = 2 };

#define CODEC_FASTEST 0 /* the level of the fastest writer that is available */

struct codec_choice {
    enum codec codec;
    int level; /* CODEC_FASTEST, or 1 .. codec_level_max(codec) */
};

const char *codec_name(enum codec codec); /* "gzip", "zstd" */
/* False: no codec has that name; *out is not changed. */
bool codec_parse(const char *name, enum codec *out);
int codec_level_default(enum codec codec);
int codec_level_max(enum codec codec); /* 12, 19 */

/* Returns the library's level, also of CODEC_FASTEST. */
int codec_level(const struct codec_choice *choice);

/* Returns the buffer size that packer_pack needs for `raw_size` bytes, with any codec and level. */
size_t codec_bound(size_t raw_size);
/* Returns the largest packed chunk that a reader accepts, for any codec: gzip's stored form. It is
 * below codec_bound(raw_size). */
size_t codec_packed_max(size_t raw_size);
/* The smallest packed chunk. */
#define CODEC_PACKED_LEAST(codec) ((codec) == CODEC_GZIP ? 20u : 14u)
/* Returns the size of the stored form of a chunk: its raw bytes, not compressed. */
size_t codec_stored_size(enum codec codec, size_t raw_size);

#define CODEC_WRITER_SIZE 64
/* Writes the writer of an index: recipe, library and level, which decide the packed bytes. */
void codec_writer(const struct codec_choice *choice, char out[CODEC_WRITER_SIZE]);

struct packer;
/* Fails with usage.level if the codec has no such level. */
struct packer *packer_create(const struct codec_choice *choice, struct err *err);
void packer_destroy(struct packer *packer); /* takes NULL */
/* Packs raw (1 byte to 256 KiB) into out (at least codec_bound(raw.size) bytes) and returns the
 * size. `stored`: the bytes are compressed already, so they are stored. */
size_t packer_pack(struct packer *packer, struct view raw, bool stored, uint8_t *out);

struct unpacker; /* of all codecs */
struct unpacker *unpacker_create(struct err *err);
void unpacker_destroy(struct unpacker *unpacker); /* takes NULL */
/* Unpacks one whole chunk, which must have exactly raw_size bytes and use all of `packed`. Fails
 * with integrity.chunk otherwise, and when its sum is wrong. */
int unpacker_unpack(struct unpacker *unpacker, enum codec codec, struct view packed, uint8_t *out,
                    size_t raw_size, struct err *err);

#endif
