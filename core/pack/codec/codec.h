/*
 * codec - the ways to pack a chunk: their numbers, names and bounds.
 *
 * Pure: any thread may call any function.
 */
#ifndef S3DOCK_PACK_CODEC_CODEC_H
#define S3DOCK_PACK_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>

/* The numbers of an index of version 3. */
enum codec { CODEC_GZIP = 1, CODEC_ZSTD = 2 };

struct codec_choice {
    enum codec codec;
    int level;
};

const char *codec_name(enum codec codec); /* "gzip", "zstd" */
/* False: no codec has that name; *out is not changed. */
bool codec_parse(const char *name, enum codec *out);
int codec_level_max(enum codec codec); /* 12, 19 */

/* Returns the largest packed chunk that a reader accepts, for any codec: gzip's stored form. */
size_t codec_packed_max(size_t raw_size);
/* The smallest packed chunk. */
#define CODEC_PACKED_LEAST(codec) ((codec) == CODEC_GZIP ? 20u : 14u)

#define CODEC_WRITER_SIZE 64
/* Writes the writer of an index: recipe, library and level, which decide the packed bytes. */
void codec_writer(const struct codec_choice *choice, char out[CODEC_WRITER_SIZE]);

#endif
