/*
 * The first bytes decide the packing of the layer. They are kept until there are enough of them, or
 * the layer ends. All later bytes are hashed as they come.
 *
 *     bytes --> SHA-256 --> stored
 *           \-> inflate --> SHA-256 --> diffID       only for gzip and zstd
 *
 * The inflaters are created for the first compressed layer, and reused. xz and bzip2 are only
 * recognised: Docker with graph drivers unpacks such layers, containerd's store does not.
 */
#include "pack/codec/layer_digest.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/err.h"
#include "pack/codec/gunzip.h"

#define MAGIC_SIZE 4
#define OUT_SIZE   (64 * KIB)

enum packing { UNKNOWN, PLAIN, GZIP, ZSTD, XZ, BZIP2 };

struct layer_digest {
    struct digest *stored, *diff;
    enum packing packing;
    uint8_t magic[MAGIC_SIZE];
    size_t magic_size;
    bool broken; /* the compressed stream */
    bool open;   /* zstd: a frame is incomplete */
    struct gunzip *gunzip;
    ZSTD_DStream *zstd;
    uint8_t out[OUT_SIZE];
};

struct layer_digest *layer_digest_create(void)
{
    struct layer_digest *digest = calloc(1, sizeof *digest);

    if (!digest)
        return NULL;
    digest->stored = digest_create(DIGEST_SHA256);
    digest->diff = digest_create(DIGEST_SHA256);
    if (!digest->stored || !digest->diff) {
        layer_digest_destroy(digest);
        return NULL;
    }
    return digest;
}

void layer_digest_destroy(struct layer_digest *digest)
{
    if (!digest)
        return;
    digest_destroy(digest->stored);
    digest_destroy(digest->diff);
    gunzip_destroy(digest->gunzip);
    ZSTD_freeDStream(digest->zstd);
    free(digest);
}

void layer_digest_reset(struct layer_digest *digest)
{
    digest_reset(digest->stored);
    digest_reset(digest->diff);
    digest->packing = UNKNOWN;
    digest->magic_size = 0;
    digest->broken = false;
    digest->open = false;
}

static enum packing packing_of(const uint8_t *magic, size_t size)
{
    if (size >= 3 && memcmp(magic, "\x1f\x8b\x08", 3) == 0)
        return GZIP;
    if (size >= 4 && memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
        return ZSTD;
    /* A zstd file may begin with a skippable frame. */
    if (size >= 4 && (magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0)
        return ZSTD;
    if (size >= 4 && memcmp(magic,
                            "\xfd"
                            "7zX",
                            4) == 0)
        return XZ;
    if (size >= 4 && memcmp(magic, "BZh", 3) == 0 && magic[3] >= '1' && magic[3] <= '9')
        return BZIP2;
    return PLAIN;
}

static void start_gzip(struct layer_digest *digest)
{
    struct err ignored;

    gunzip_destroy(digest->gunzip);
    digest->gunzip = gunzip_create(&ignored);
    digest->broken = !digest->gunzip;
}

static void start_zstd(struct layer_digest *digest)
{
    if (!digest->zstd)
        digest->zstd = ZSTD_createDStream();
    digest->broken = !digest->zstd || ZSTD_isError(ZSTD_initDStream(digest->zstd));
}

static void start(struct layer_digest *digest)
{
    digest->packing = packing_of(digest->magic, digest->magic_size);
    if (digest->packing == GZIP)
        start_gzip(digest);
    else if (digest->packing == ZSTD)
        start_zstd(digest);
    else if (digest->packing != PLAIN)
        digest->broken = true;
}

static void add_gzip(struct layer_digest *digest, struct view in)
{
    struct err ignored;
    size_t made;

    do {
        if (gunzip_read(digest->gunzip, &in, digest->out, OUT_SIZE, &made, &ignored) < 0) {
            digest->broken = true;
            return;
        }
        digest_add(digest->diff, digest->out, made);
    } while (in.size > 0 || made == OUT_SIZE);
}

static void add_zstd(struct layer_digest *digest, struct view bytes)
{
    ZSTD_inBuffer in = {bytes.data, bytes.size, 0};
    ZSTD_outBuffer out;

    do {
        size_t rc;

        out = (ZSTD_outBuffer){digest->out, OUT_SIZE, 0};
        rc = ZSTD_decompressStream(digest->zstd, &out, &in);
        if (ZSTD_isError(rc)) {
            digest->broken = true;
            return;
        }
        digest->open = rc != 0;
        digest_add(digest->diff, digest->out, out.pos);
    } while (in.pos < in.size || (out.pos == out.size && digest->open));
}

static void add_known(struct layer_digest *digest, const void *bytes, size_t size)
{
    digest_add(digest->stored, bytes, size);
    if (digest->broken || size == 0)
        return;
    if (digest->packing == GZIP)
        add_gzip(digest, view_of(bytes, size));
    else if (digest->packing == ZSTD)
        add_zstd(digest, view_of(bytes, size));
}

void layer_digest_add(struct layer_digest *digest, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    if (digest->packing == UNKNOWN) {
        while (size > 0 && digest->magic_size < MAGIC_SIZE) {
            digest->magic[digest->magic_size++] = *at++;
            size--;
        }
        if (digest->magic_size < MAGIC_SIZE)
            return;
        start(digest);
        add_known(digest, digest->magic, digest->magic_size);
    }
    add_known(digest, at, size);
}

const char *layer_digest_media_type(const struct layer_digest *digest)
{
    switch (digest->packing) {
    case GZIP:
        return LAYER_PLAIN_TAR "+gzip";
    case ZSTD:
        return LAYER_PLAIN_TAR "+zstd";
    case XZ:
        return LAYER_PLAIN_TAR "+xz";
    case BZIP2:
        return LAYER_PLAIN_TAR "+bzip2";
    default:
        return LAYER_PLAIN_TAR;
    }
}

bool layer_digest_is_padded(const struct layer_digest *digest)
{
    return digest->packing == GZIP && digest->gunzip && gunzip_is_padded(digest->gunzip);
}

static bool is_whole(const struct layer_digest *digest)
{
    struct err ignored;

    if (digest->broken)
        return false;
    return digest->packing == GZIP ? gunzip_finish(digest->gunzip, &ignored) == 0 : !digest->open;
}

void layer_digest_end(struct layer_digest *digest, uint8_t stored[SHA256_SIZE],
                      uint8_t diff[SHA256_SIZE], bool *compressed)
{
    if (digest->packing == UNKNOWN) { /* shorter than any magic */
        digest->packing = PLAIN;
        digest_add(digest->stored, digest->magic, digest->magic_size);
    }
    *compressed = digest->packing != PLAIN;
    digest_end(digest->stored, stored);
    digest_end(digest->diff, diff);
    if (!*compressed)
        memcpy(diff, stored, SHA256_SIZE);
    else if (!is_whole(digest))
        memset(diff, 0, SHA256_SIZE);
}
