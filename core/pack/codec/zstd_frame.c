/*
 * A frame is a header, blocks, and the low half of the XXH64 of the raw bytes.
 *
 *   28 b5 2f fd | 24 | size, 1 byte                   fewer than 256 bytes
 *   28 b5 2f fd | 64 | size - 256, 2 bytes            fewer than 65,792 bytes
 *   28 b5 2f fd | a4 | size, 4 bytes
 *
 * The stored form is written here, not by libzstd: chunks of compressed data have the same bytes
 * with every version of the library. A reader requires this header, so libzstd sees no other
 * windows, dictionaries or skippable frames.
 *
 * The optimal parser of libzstd before 1.5.1 may write other bytes with a compressor that was used
 * before. High levels get a new compressor for each chunk there.
 *
 * A packer holds two compressors: one of its level, and one of level 1 that tests the beginning of
 * chunks that seem incompressible.
 */
#include "pack/codec/zstd_frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/le.h"
#include "pack/codec/compressible.h"

#define HEADER_MAX   9 /* magic, descriptor, size */
#define CHECKSUM     4
#define BLOCK_STORED (128 * KIB) /* bytes of one raw block, at most */
#define BLOCK_HEAD   3

/* Size of the test: so many bytes of an apparently incompressible chunk are compressed first. */
#define TRIAL_SIZE (16 * KIB)

#define REUSE_VERSION 10501 /* since 1.5.1, used compressors give equal bytes at every level */
#define REUSE_LEVEL   8     /* before, up to this level: none has the optimal parser */

struct zstd_packer {
    ZSTD_CCtx *compressing, *trying;
    int level;
    bool renews; /* a new compressor for each chunk */
};

struct zstd_unpacker {
    ZSTD_DCtx *inflating;
};

/* ---- form ---- */

/* Writes the header, and returns its size. */
static size_t put_header(uint8_t out[HEADER_MAX], size_t raw_size)
{
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    unsigned width = raw_size < 256 ? 1 : raw_size < 65536 + 256 ? 2 : 4;

    memcpy(out, magic, sizeof magic);
    out[4] = width == 1 ? 0x24 : width == 2 ? 0x64 : 0xa4;
    le_put(out + 5, width == 2 ? raw_size - 256 : raw_size, width);
    return 5 + width;
}

size_t zstd_frame_bound(size_t raw_size)
{
    return ZSTD_compressBound(raw_size);
}

size_t zstd_frame_stored_size(size_t raw_size)
{
    uint8_t header[HEADER_MAX];

    return put_header(header, raw_size) + raw_size +
           (raw_size + BLOCK_STORED - 1) / BLOCK_STORED * BLOCK_HEAD + CHECKSUM;
}

const char *zstd_frame_version(void)
{
    return ZSTD_versionString();
}

static size_t store(struct view raw, uint8_t *out)
{
    uint8_t *at = out + put_header(out, raw.size);
    size_t done = 0;

    do {
        size_t size = raw.size - done < BLOCK_STORED ? raw.size - done : BLOCK_STORED;

        le_put(at, size * 8 + (done + size == raw.size), BLOCK_HEAD);
        memcpy(at + BLOCK_HEAD, raw.data + done, size);
        at += BLOCK_HEAD + size;
        done += size;
    } while (done < raw.size);
    le_put(at, xxh64_of(raw.data, raw.size) & UINT32_MAX, CHECKSUM);
    return (size_t)(at - out) + CHECKSUM;
}

/* ---- packing ---- */

static ZSTD_CCtx *create_compressor(int level)
{
    ZSTD_CCtx *compressor = ZSTD_createCCtx();

    if (compressor &&
        (ZSTD_isError(ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, level)) ||
         ZSTD_isError(ZSTD_CCtx_setParameter(compressor, ZSTD_c_contentSizeFlag, 1)) ||
         ZSTD_isError(ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1)) ||
         ZSTD_isError(ZSTD_CCtx_setParameter(compressor, ZSTD_c_dictIDFlag, 0)))) {
        ZSTD_freeCCtx(compressor);
        return NULL;
    }
    return compressor;
}

struct zstd_packer *zstd_packer_create(int level)
{
    struct zstd_packer *packer = calloc(1, sizeof *packer);

    assert(level >= 1 && level <= ZSTD_FRAME_LEVEL_MAX);
    if (packer) {
        packer->level = level;
        packer->renews = ZSTD_versionNumber() < REUSE_VERSION && level > REUSE_LEVEL;
        packer->compressing = create_compressor(level);
        packer->trying = create_compressor(1);
    }
    if (!packer || !packer->compressing || !packer->trying) {
        zstd_packer_destroy(packer);
        return NULL;
    }
    return packer;
}

void zstd_packer_destroy(struct zstd_packer *packer)
{
    if (!packer)
        return;
    ZSTD_freeCCtx(packer->compressing);
    ZSTD_freeCCtx(packer->trying);
    free(packer);
}

/* Returns the size of the frame, or SIZE_MAX if libzstd has no memory for its tables. */
static size_t compress(ZSTD_CCtx *compressor, struct view raw, uint8_t *out)
{
    size_t size = ZSTD_compress2(compressor, out, zstd_frame_bound(raw.size), raw.data, raw.size);

    return ZSTD_isError(size) ? SIZE_MAX : size;
}

/* Replaces the compressor by a new one. Without memory, the old one stays. */
static void renew_compressor(struct zstd_packer *packer)
{
    ZSTD_CCtx *fresh = create_compressor(packer->level);

    if (!fresh)
        return;
    ZSTD_freeCCtx(packer->compressing);
    packer->compressing = fresh;
}

/* Returns true if zstd saves less than 2 %, which is not worth its time. */
static bool is_dense(struct zstd_packer *packer, struct view raw, uint8_t *out)
{
    size_t trial = raw.size < TRIAL_SIZE ? raw.size : TRIAL_SIZE;

    return is_incompressible(raw) &&
           compress(packer->trying, view_of(raw.data, trial), out) > trial - trial / 50;
}

size_t zstd_frame_pack(struct zstd_packer *packer, struct view raw, bool stored, uint8_t *out)
{
    assert(raw.size > 0 && raw.size <= ZSTD_FRAME_RAW_MAX);
    if (!stored && !is_dense(packer, raw, out)) {
        size_t size;

        if (packer->renews)
            renew_compressor(packer);
        size = compress(packer->compressing, raw, out);
        if (size < zstd_frame_stored_size(raw.size))
            return size;
    }
    return store(raw, out);
}

/* ---- unpacking ---- */

struct zstd_unpacker *zstd_unpacker_create(void)
{
    struct zstd_unpacker *unpacker = calloc(1, sizeof *unpacker);

    if (unpacker)
        unpacker->inflating = ZSTD_createDCtx();
    if (!unpacker || !unpacker->inflating) {
        zstd_unpacker_destroy(unpacker);
        return NULL;
    }
    return unpacker;
}

void zstd_unpacker_destroy(struct zstd_unpacker *unpacker)
{
    if (!unpacker)
        return;
    ZSTD_freeDCtx(unpacker->inflating);
    free(unpacker);
}

int zstd_frame_unpack(struct zstd_unpacker *unpacker, struct view packed, uint8_t *out,
                      size_t raw_size, struct err *err)
{
    uint8_t header[HEADER_MAX];
    size_t head = put_header(header, raw_size), used, size;

    if (raw_size == 0 || raw_size > ZSTD_FRAME_RAW_MAX || packed.size < ZSTD_FRAME_LEAST ||
        memcmp(packed.data, header, head) != 0)
        return err_set(err, ERR_INTEGRITY, "chunk",
                       "the compressed chunk is corrupt, or has not the %zu bytes it should have",
                       raw_size);
    used = ZSTD_findFrameCompressedSize(packed.data, packed.size);
    if (ZSTD_isError(used))
        return err_set(err, ERR_INTEGRITY, "chunk", "the compressed chunk is corrupt");
    if (used != packed.size)
        return err_set(err, ERR_INTEGRITY, "chunk", "%zu bytes follow the compressed chunk",
                       packed.size - used);
    size = ZSTD_decompressDCtx(unpacker->inflating, out, raw_size, packed.data, packed.size);
    if (ZSTD_isError(size) || size != raw_size)
        return err_set(err, ERR_INTEGRITY, "chunk", "the compressed chunk is corrupt");
    return 0;
}
