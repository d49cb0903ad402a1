/*
 * A table with a row for each codec.
 */
#include "pack/codec/codec.h"

#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "pack/codec/gzip_member.h"

static const struct {
    enum codec codec;
    const char *name;
    int level_max;
} codecs[] = {{CODEC_GZIP, "gzip", GZIP_MEMBER_LEVEL_MAX}, {CODEC_ZSTD, "zstd", 19}};

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

int codec_level_max(enum codec codec)
{
    return codecs[codec - CODEC_GZIP].level_max;
}

size_t codec_packed_max(size_t raw_size)
{
    return gzip_member_stored_size(raw_size);
}

void codec_writer(const struct codec_choice *choice, char out[CODEC_WRITER_SIZE])
{
    snprintf(out, CODEC_WRITER_SIZE, "%s libdeflate %s level %d", GZIP_MEMBER_RECIPE,
             LIBDEFLATE_VERSION_STRING, choice->level);
}
