/*
 * A member is a ten byte header that is the same for every chunk and every level, deflate data, and
 * the CRC and size of the raw bytes.
 *
 *   1f 8b 08 00  00 00 00 00  00 ff        no flags, mtime 0, XFL 0, OS 255 (unknown)
 *
 * libdeflate writes the level into XFL (4 for the fastest, 2 for the slow ones). Readers ignore
 * XFL, so it is overwritten: all members have the same header.
 *
 * A packer holds three compressors: one of its level; one of level 0 for compressed chunks and for
 * chunks that deflate would enlarge; one of level 1 that tests the beginning of chunks that seem
 * incompressible.
 */
#include "pack/codec/gzip_member.h"

#include <assert.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "pack/codec/compressible.h"
#include "pack/codec/gzip_fast.h"

#define WRAPPING     18    /* header and trailer of a gzip member */
#define BLOCK_STORED 65535 /* bytes of one stored block, at most */
#define BLOCK_HEAD   5     /* bytes that a stored block adds */

static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};

/* Size of the test: so many bytes of an apparently incompressible chunk are compressed first. */
#define TRIAL_SIZE ((size_t)16 * 1024)

struct gzip_packer {
    struct libdeflate_compressor *deflating, *storing, *trying;
    struct gzip_fast *fast; /* NULL: `deflating` packs */
};

struct gzip_unpacker {
    struct libdeflate_decompressor *inflating;
};

size_t gzip_member_bound(size_t raw_size)
{
    return libdeflate_gzip_compress_bound(NULL, raw_size);
}

size_t gzip_member_stored_size(size_t raw_size)
{
    return WRAPPING + raw_size + (raw_size + BLOCK_STORED - 1) / BLOCK_STORED * BLOCK_HEAD;
}

struct gzip_packer *gzip_packer_create(int level)
{
    struct gzip_packer *packer = calloc(1, sizeof(*packer));

    bool fast = level == GZIP_MEMBER_FASTEST && gzip_fast_writer() != NULL;

    assert(level >= GZIP_MEMBER_FASTEST && level <= GZIP_MEMBER_LEVEL_MAX);
    if (packer) {
        packer->fast = fast ? gzip_fast_create() : NULL;
        packer->deflating = libdeflate_alloc_compressor(level ? level : 1);
        packer->storing = libdeflate_alloc_compressor(0);
        packer->trying = libdeflate_alloc_compressor(1);
    }
    if (!packer || !packer->deflating || !packer->storing || !packer->trying ||
        (fast && !packer->fast)) {
        gzip_packer_destroy(packer);
        return NULL;
    }
    return packer;
}

void gzip_packer_destroy(struct gzip_packer *packer)
{
    if (!packer)
        return;
    gzip_fast_destroy(packer->fast);
    libdeflate_free_compressor(packer->deflating);
    libdeflate_free_compressor(packer->storing);
    libdeflate_free_compressor(packer->trying);
    free(packer);
}

static size_t compress(struct libdeflate_compressor *compressor, struct view raw, uint8_t *out)
{
    size_t size =
        libdeflate_gzip_compress(compressor, raw.data, raw.size, out, gzip_member_bound(raw.size));

    assert(size > WRAPPING); /* it returns 0 only for a buffer below the bound */
    memcpy(out, header, sizeof(header));
    return size;
}

/* Returns the size of the member, or SIZE_MAX if ISA-L makes the chunk larger. */
static size_t compress_fast(struct gzip_fast *fast, struct view raw, uint8_t *out)
{
    uint8_t *at = out + sizeof(header);
    size_t size = gzip_fast_deflate(fast, raw, at, gzip_member_bound(raw.size) - WRAPPING);

    if (size == 0)
        return SIZE_MAX;
    memcpy(out, header, sizeof(header));
    le_put(at + size, libdeflate_crc32(0, raw.data, raw.size), 4);
    le_put(at + size + 4, raw.size, 4);
    return WRAPPING + size;
}

/* Returns true if deflate saves less than 2 %, which is not worth its time. */
static bool is_dense(struct gzip_packer *packer, struct view raw, uint8_t *out)
{
    size_t trial = raw.size < TRIAL_SIZE ? raw.size : TRIAL_SIZE;

    return is_incompressible(raw) &&
           compress(packer->trying, view_of(raw.data, trial), out) > trial - trial / 50;
}

size_t gzip_member_pack(struct gzip_packer *packer, struct view raw, bool stored, uint8_t *out)
{
    assert(raw.size > 0);
    if (!stored && !is_dense(packer, raw, out)) {
        size_t size = packer->fast ? compress_fast(packer->fast, raw, out)
                                   : compress(packer->deflating, raw, out);

        if (size <= gzip_member_stored_size(raw.size))
            return size;
    }
    return compress(packer->storing, raw, out);
}

struct gzip_unpacker *gzip_unpacker_create(void)
{
    struct gzip_unpacker *unpacker = calloc(1, sizeof(*unpacker));

    if (unpacker)
        unpacker->inflating = libdeflate_alloc_decompressor();
    if (!unpacker || !unpacker->inflating) {
        gzip_unpacker_destroy(unpacker);
        return NULL;
    }
    return unpacker;
}

void gzip_unpacker_destroy(struct gzip_unpacker *unpacker)
{
    if (!unpacker)
        return;
    libdeflate_free_decompressor(unpacker->inflating);
    free(unpacker);
}

int gzip_member_unpack(struct gzip_unpacker *unpacker, struct view packed, uint8_t *out,
                       size_t raw_size, struct err *err)
{
    size_t used = 0;
    enum libdeflate_result result;

    if (packed.size < WRAPPING || memcmp(packed.data, header, sizeof(header)) != 0)
        return err_set(err, ERR_INTEGRITY, "chunk", "the compressed chunk is corrupt");
    /* Without an output size, libdeflate requires exactly raw_size bytes. */
    result = libdeflate_gzip_decompress_ex(unpacker->inflating, packed.data, packed.size, out,
                                           raw_size, &used, NULL);

    switch (result) {
    case LIBDEFLATE_SUCCESS:
        if (used == packed.size)
            return 0;
        return err_set(err, ERR_INTEGRITY, "chunk", "%zu bytes follow the compressed chunk",
                       packed.size - used);
    case LIBDEFLATE_SHORT_OUTPUT:
    case LIBDEFLATE_INSUFFICIENT_SPACE:
        return err_set(err, ERR_INTEGRITY, "chunk",
                       "the chunk does not inflate to the %zu bytes it should have", raw_size);
    default:
        return err_set(err, ERR_INTEGRITY, "chunk", "the compressed chunk is corrupt");
    }
}
