/*
 * A table has a row for each codec. A packer has one compressor, of its codec. An unpacker has a
 * decompressor for each codec, because an image may have chunks of several.
 */
#include "pack/codec/codec.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/codec/gzip_fast.h"
#include "pack/codec/gzip_member.h"
#include "pack/codec/zstd_frame.h"

struct packer {
    struct gzip_packer *gzip; /* one of them */
    struct zstd_packer *zstd;
};

struct unpacker {
    struct gzip_unpacker *gzip;
    struct zstd_unpacker *zstd;
};

/* ---- codecs ---- */

static const struct codec_row {
    enum codec codec;
    const char *name;
    int level_default, level_max;
} codecs[] = {
    {CODEC_GZIP, "gzip", 5, GZIP_MEMBER_LEVEL_MAX},
    {CODEC_ZSTD, "zstd", 4, ZSTD_FRAME_LEVEL_MAX},
};

const char *codec_name(enum codec codec)
{
    return codecs[codec - CODEC_GZIP].name;
}

bool codec_parse(const char *name, enum codec *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
        if (strcmp(codecs[i].name, name) == 0) {
            *out = codecs[i].codec;
            return true;
        }
    return false;
}

int codec_level_default(enum codec codec)
{
    return codecs[codec - CODEC_GZIP].level_default;
}

int codec_level_max(enum codec codec)
{
    return codecs[codec - CODEC_GZIP].level_max;
}

size_t codec_bound(size_t raw_size)
{
    size_t gzip = gzip_member_bound(raw_size), zstd = zstd_frame_bound(raw_size);

    return gzip > zstd ? gzip : zstd;
}

size_t codec_packed_max(size_t raw_size)
{
    return gzip_member_stored_size(raw_size);
}

size_t codec_stored_size(enum codec codec, size_t raw_size)
{
    return codec == CODEC_GZIP ? gzip_member_stored_size(raw_size)
                               : zstd_frame_stored_size(raw_size);
}

int codec_level(const struct codec_choice *choice)
{
    return choice->level == CODEC_FASTEST ? 1 : choice->level;
}

void codec_writer(const struct codec_choice *choice, char out[CODEC_WRITER_SIZE])
{
    if (choice->codec == CODEC_GZIP && choice->level == CODEC_FASTEST && gzip_fast_writer())
        snprintf(out, CODEC_WRITER_SIZE, "%s %s", GZIP_MEMBER_RECIPE, gzip_fast_writer());
    else if (choice->codec == CODEC_GZIP)
        snprintf(out, CODEC_WRITER_SIZE, "%s libdeflate %s level %d", GZIP_MEMBER_RECIPE,
                 LIBDEFLATE_VERSION_STRING, codec_level(choice));
    else
        snprintf(out, CODEC_WRITER_SIZE, "%s libzstd %s level %d", ZSTD_FRAME_RECIPE,
                 zstd_frame_version(), codec_level(choice));
}

/* ---- packing ---- */

struct packer *packer_create(const struct codec_choice *choice, struct err *err)
{
    struct packer *packer;

    if (choice->level < CODEC_FASTEST || choice->level > codec_level_max(choice->codec)) {
        err_set(err, ERR_USAGE, "level", "compression level %d of %s is not within 1 .. %d",
                choice->level, codec_name(choice->codec), codec_level_max(choice->codec));
        return NULL;
    }
    packer = calloc(1, sizeof *packer);
    if (packer && choice->codec == CODEC_GZIP)
        packer->gzip = gzip_packer_create(choice->level); /* CODEC_FASTEST is its fastest, too */
    else if (packer)
        packer->zstd = zstd_packer_create(codec_level(choice));
    if (!packer || (!packer->gzip && !packer->zstd)) {
        packer_destroy(packer);
        err_memory(err, "a compressor");
        return NULL;
    }
    return packer;
}

void packer_destroy(struct packer *packer)
{
    if (!packer)
        return;
    gzip_packer_destroy(packer->gzip);
    zstd_packer_destroy(packer->zstd);
    free(packer);
}

size_t packer_pack(struct packer *packer, struct view raw, bool stored, uint8_t *out)
{
    return packer->gzip ? gzip_member_pack(packer->gzip, raw, stored, out)
                        : zstd_frame_pack(packer->zstd, raw, stored, out);
}

/* ---- unpacking ---- */

struct unpacker *unpacker_create(struct err *err)
{
    struct unpacker *unpacker = calloc(1, sizeof *unpacker);

    if (unpacker) {
        unpacker->gzip = gzip_unpacker_create();
        unpacker->zstd = zstd_unpacker_create();
    }
    if (!unpacker || !unpacker->gzip || !unpacker->zstd) {
        unpacker_destroy(unpacker);
        err_memory(err, "a decompressor");
        return NULL;
    }
    return unpacker;
}

void unpacker_destroy(struct unpacker *unpacker)
{
    if (!unpacker)
        return;
    gzip_unpacker_destroy(unpacker->gzip);
    zstd_unpacker_destroy(unpacker->zstd);
    free(unpacker);
}

int unpacker_unpack(struct unpacker *unpacker, enum codec codec, struct view packed, uint8_t *out,
                    size_t raw_size, struct err *err)
{
    return codec == CODEC_GZIP ? gzip_member_unpack(unpacker->gzip, packed, out, raw_size, err)
                               : zstd_frame_unpack(unpacker->zstd, packed, out, raw_size, err);
}
