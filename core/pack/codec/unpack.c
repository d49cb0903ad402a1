/*
 * A table of packings. Each row wraps one library; gzip is read by gunzip.c. liblzma reads
 * concatenated streams itself; the other libraries read one at a time.
 */
#include "pack/codec/unpack.h"

#include <bzlib.h>
#include <limits.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/codes.h"
#include "base/err.h"
#include "pack/codec/gunzip.h"

static bool has_prefix(struct view bytes, const char *magic, size_t size)
{
    return bytes.size >= size && memcmp(bytes.data, magic, size) == 0;
}

static int too_large(const char *name, size_t memory, struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, CODE_PACKING,
                   "it was compressed by %s with settings that need more than %zu MiB of memory to "
                   "unpack",
                   name, memory / MIB);
}

#define CORRUPT   "the compressed data is corrupt"
#define CUT_SHORT "the compressed data is cut short"

/* ---- gzip ---- */

static bool gzip_begins(struct view bytes)
{
    return has_prefix(bytes, "\x1f\x8b", 2);
}

static void *gzip_create(size_t memory, struct err *err)
{
    (void)memory; /* its window has 32 KiB */
    return gunzip_create(err);
}

static int gzip_read(void *state, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                     struct err *err)
{
    return gunzip_read(state, in, out, cap, produced, err);
}

static int gzip_finish(void *state, struct err *err)
{
    return gunzip_finish(state, err);
}

static void gzip_destroy(void *state)
{
    gunzip_destroy(state);
}

/* ---- zstd ---- */

struct zstd_state {
    ZSTD_DStream *stream;
    size_t memory;
    bool framed; /* a frame is incomplete */
};

/* Accepts a skippable frame, too: pzstd writes one at the beginning. */
static bool zstd_begins(struct view bytes)
{
    return has_prefix(bytes, "\x28\xb5\x2f\xfd", 4) ||
           (bytes.size >= 4 && (bytes.data[0] & 0xf0) == 0x50 &&
            memcmp(bytes.data + 1, "\x2a\x4d\x18", 3) == 0);
}

static void zstd_destroy(void *state)
{
    ZSTD_freeDStream(((struct zstd_state *)state)->stream);
    free(state);
}

/* Returns the largest window of the memory, as a power of two. */
static int window_log(size_t memory)
{
    int log = 0;

    while (memory >> (log + 1))
        log++;
    return log;
}

static void *zstd_create(size_t memory, struct err *err)
{
    struct zstd_state *s = calloc(1, sizeof *s);

    if (s && (s->stream = ZSTD_createDStream()) &&
        !ZSTD_isError(ZSTD_DCtx_setParameter(s->stream, ZSTD_d_windowLogMax, window_log(memory)))) {
        s->memory = memory;
        return s;
    }
    if (s)
        zstd_destroy(s);
    err_memory(err, "the zstd reader");
    return NULL;
}

static int zstd_fail(const struct zstd_state *s, size_t code, struct err *err)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return too_large("zstd", s->memory, err);
    case ZSTD_error_memory_allocation:
        return err_memory(err, "the zstd reader");
    case ZSTD_error_dictionary_wrong:
        return err_set(err, ERR_UNSUPPORTED, CODE_PACKING,
                       "it was compressed by zstd with a dictionary");
    case ZSTD_error_prefix_unknown:
        return err_set(err, ERR_INTEGRITY, "zstd", "bytes that are not zstd follow the last frame");
    default:
        return err_set(err, ERR_INTEGRITY, "zstd", CORRUPT);
    }
}

/* The stream writes to `out`, which clang-tidy does not see.
 * NOLINTNEXTLINE(readability-non-const-parameter) */
static int zstd_read(void *state, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                     struct err *err)
{
    struct zstd_state *s = state;
    size_t used, before;

    do {
        ZSTD_inBuffer from = {in->data, in->size, 0};
        ZSTD_outBuffer to = {out, cap, *produced};
        size_t rc;

        before = *produced;
        rc = ZSTD_decompressStream(s->stream, &to, &from);
        if (ZSTD_isError(rc))
            return zstd_fail(s, rc, err);
        used = from.pos;
        *in = view_of(in->data + used, in->size - used);
        *produced = to.pos;
        if (rc == 0 || used || to.pos > before)
            s->framed = rc != 0;
    } while (*produced < cap && (used || *produced > before));
    return 0;
}

static int zstd_finish(void *state, struct err *err)
{
    return ((struct zstd_state *)state)->framed ? err_set(err, ERR_INTEGRITY, "zstd", CUT_SHORT)
                                                : 0;
}

/* ---- xz ---- */

struct xz_state {
    lzma_stream stream;
    size_t memory;
};

static bool xz_begins(struct view bytes)
{
    return has_prefix(bytes, "\xfd\x37\x7a\x58\x5a\0", 6);
}

static void xz_destroy(void *state)
{
    lzma_end(&((struct xz_state *)state)->stream);
    free(state);
}

static void *xz_create(size_t memory, struct err *err)
{
    struct xz_state *s = calloc(1, sizeof *s);

    if (s && lzma_stream_decoder(&s->stream, memory,
                                 LZMA_CONCATENATED | LZMA_TELL_UNSUPPORTED_CHECK) == LZMA_OK) {
        s->memory = memory;
        return s;
    }
    free(s);
    err_memory(err, "the xz reader");
    return NULL;
}

static int xz_fail(const struct xz_state *s, lzma_ret code, struct err *err)
{
    switch (code) {
    case LZMA_MEMLIMIT_ERROR:
        return too_large("xz", s->memory, err);
    case LZMA_MEM_ERROR:
        return err_memory(err, "the xz reader");
    case LZMA_OPTIONS_ERROR:
    case LZMA_UNSUPPORTED_CHECK:
        return err_set(err, ERR_UNSUPPORTED, CODE_PACKING,
                       "it was compressed by xz with an unknown filter or check");
    case LZMA_FORMAT_ERROR:
        return err_set(err, ERR_INTEGRITY, "xz", "bytes that are not xz follow the last stream");
    default:
        return err_set(err, ERR_INTEGRITY, "xz", CORRUPT);
    }
}

static int xz_read(void *state, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                   struct err *err)
{
    lzma_stream *z = &((struct xz_state *)state)->stream;
    lzma_ret code;

    z->next_in = in->data;
    z->avail_in = in->size;
    z->next_out = out + *produced;
    z->avail_out = cap - *produced;
    do
        code = lzma_code(z, LZMA_RUN);
    while (code == LZMA_OK && z->avail_out && z->avail_in);
    *in = view_of(z->next_in, z->avail_in);
    *produced = cap - z->avail_out;
    /* LZMA_BUF_ERROR: the library needs more input, or more room. */
    return code == LZMA_OK || code == LZMA_BUF_ERROR ? 0 : xz_fail(state, code, err);
}

static int xz_finish(void *state, struct err *err)
{
    lzma_stream *z = &((struct xz_state *)state)->stream;
    uint8_t none;
    lzma_ret code;

    z->next_in = NULL;
    z->avail_in = 0;
    z->next_out = &none;
    z->avail_out = 0;
    do
        code = lzma_code(z, LZMA_FINISH);
    while (code == LZMA_OK);
    if (code == LZMA_STREAM_END)
        return 0;
    return code == LZMA_BUF_ERROR ? err_set(err, ERR_INTEGRITY, "xz", CUT_SHORT)
                                  : xz_fail(state, code, err);
}

/* ---- bzip2 ---- */

struct bzip2_state {
    bz_stream stream;
    bool open; /* a stream is incomplete */
};

/* After the magic come the level and a block, or the end of an empty stream. */
static bool bzip2_begins(struct view bytes)
{
    return has_prefix(bytes, "BZh", 3) && bytes.size >= UNPACK_LOOK && bytes.data[3] >= '1' &&
           bytes.data[3] <= '9' &&
           (memcmp(bytes.data + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
            memcmp(bytes.data + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

static void bzip2_destroy(void *state)
{
    struct bzip2_state *s = state;

    if (s->open)
        BZ2_bzDecompressEnd(&s->stream);
    free(s);
}

static void *bzip2_create(size_t memory, struct err *err)
{
    struct bzip2_state *s = calloc(1, sizeof *s);

    (void)memory; /* 4 MB at most */
    if (!s)
        err_memory(err, "the bzip2 reader");
    return s;
}

static int bzip2_open(struct bzip2_state *s, struct err *err)
{
    memset(&s->stream, 0, sizeof s->stream);
    if (BZ2_bzDecompressInit(&s->stream, 0, 0) != BZ_OK)
        return err_memory(err, "the bzip2 reader");
    s->open = true;
    return 0;
}

static int bzip2_fail(int code, struct err *err)
{
    switch (code) {
    case BZ_MEM_ERROR:
        return err_memory(err, "the bzip2 reader");
    case BZ_DATA_ERROR_MAGIC:
        return err_set(err, ERR_INTEGRITY, "bzip2",
                       "bytes that are not bzip2 follow the last stream");
    default:
        return err_set(err, ERR_INTEGRITY, "bzip2", CORRUPT);
    }
}

static unsigned clamp(size_t size)
{
    return size < UINT_MAX ? (unsigned)size : UINT_MAX;
}

/* Calls the library once. *moved: it consumed or produced bytes. */
static int bzip2_some(struct bzip2_state *s, struct view *in, uint8_t *out, size_t room,
                      size_t *made, bool *moved, struct err *err)
{
    bz_stream *z = &s->stream;
    unsigned in_room = clamp(in->size), out_room = clamp(room), took;
    int code;

    z->next_in = (char *)(uintptr_t)in->data;
    z->avail_in = in_room;
    z->next_out = (char *)out;
    z->avail_out = out_room;
    code = BZ2_bzDecompress(z);
    took = in_room - z->avail_in;
    *made = out_room - z->avail_out;
    *moved = took || *made || code == BZ_STREAM_END;
    *in = view_of(in->size ? in->data + took : in->data, in->size - took);
    if (code == BZ_STREAM_END) {
        BZ2_bzDecompressEnd(z);
        s->open = false;
        return 0;
    }
    return code == BZ_OK ? 0 : bzip2_fail(code, err);
}

static int bzip2_read(void *state, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                      struct err *err)
{
    struct bzip2_state *s = state;
    bool moved = true;

    while (moved && *produced < cap && (s->open || in->size)) {
        size_t made;

        if ((!s->open && bzip2_open(s, err)) ||
            bzip2_some(s, in, out + *produced, cap - *produced, &made, &moved, err))
            return ERR_FAIL;
        *produced += made;
    }
    return 0;
}

static int bzip2_finish(void *state, struct err *err)
{
    return ((struct bzip2_state *)state)->open ? err_set(err, ERR_INTEGRITY, "bzip2", CUT_SHORT)
                                               : 0;
}

/* ---- all of them ---- */

static const struct packing PACKINGS[] = {
    {"gzip", "gzip -dc", gzip_begins, gzip_create, gzip_read, gzip_finish, gzip_destroy},
    {"zstd", "zstd -dc --long=31", zstd_begins, zstd_create, zstd_read, zstd_finish, zstd_destroy},
    {"xz", "xz -dc", xz_begins, xz_create, xz_read, xz_finish, xz_destroy},
    {"bzip2", "bzip2 -dc", bzip2_begins, bzip2_create, bzip2_read, bzip2_finish, bzip2_destroy},
};

const struct packing *packing_of(struct view begin)
{
    for (size_t i = 0; i < ARRAY_SIZE(PACKINGS); i++)
        if (PACKINGS[i].begins(begin))
            return &PACKINGS[i];
    return NULL;
}

struct unpack {
    const struct packing *packing;
    void *state;
    bool failed;
};

struct unpack *unpack_create(const struct packing *packing, size_t memory, struct err *err)
{
    struct unpack *unpack = calloc(1, sizeof *unpack);

    if (!unpack) {
        err_memory(err, "the archive");
        return NULL;
    }
    unpack->packing = packing;
    unpack->state = packing->create(memory, err);
    if (unpack->state)
        return unpack;
    free(unpack);
    return NULL;
}

void unpack_destroy(struct unpack *unpack)
{
    if (!unpack)
        return;
    unpack->packing->destroy(unpack->state);
    free(unpack);
}

int unpack_read(struct unpack *unpack, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                struct err *err)
{
    *produced = 0;
    if (!unpack->failed && unpack->packing->read(unpack->state, in, out, cap, produced, err) == 0)
        return 0;
    if (unpack->failed)
        return err_set(err, ERR_INTEGRITY, unpack->packing->name, CORRUPT);
    unpack->failed = true;
    return ERR_FAIL;
}

int unpack_finish(struct unpack *unpack, struct err *err)
{
    return unpack->failed ? err_set(err, ERR_INTEGRITY, unpack->packing->name, CORRUPT)
                          : unpack->packing->finish(unpack->state, err);
}
