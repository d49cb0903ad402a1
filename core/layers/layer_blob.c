/*
 * Reads a blob into a fixed buffer and unpacks it with the reader of its packing.
 */
#include "layers/layer_blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "flow/cancel.h"
#include "pack/codec/gunzip.h"

#define PACKED_ROOM (128 * KIB)
#define PIECE       (256 * KIB)

struct layer_blob {
    struct layer_stream stream;
    int fd;
    struct gunzip *gunzip; /* one of these, or none for a plain tar */
    ZSTD_DStream *zstd;
    bool framed, ended;  /* framed: a zstd frame is incomplete; ended: end of file */
    uint64_t made;       /* bytes of tar that were returned */
    struct view waiting; /* part of `room`: read and not unpacked */
    uint8_t room[PACKED_ROOM];
};

static int refill(struct layer_blob *b, struct err *err)
{
    ssize_t got;

    do {
        got = read(b->fd, b->room, sizeof b->room);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_errno(err, errno, "read", "cannot read a layer");
    b->waiting = view_of(b->room, (size_t)got);
    b->ended = got == 0;
    return 0;
}

static int choose(struct layer_blob *b, struct err *err)
{
    if (refill(b, err))
        return ERR_FAIL;
    if (b->waiting.size >= 3 && memcmp(b->room, "\x1f\x8b\x08", 3) == 0) {
        b->gunzip = gunzip_create(err);
        return b->gunzip ? 0 : ERR_FAIL;
    }
    /* a zstd file may begin with a skippable frame */
    if (b->waiting.size >= 4 &&
        (memcmp(b->room, "\x28\xb5\x2f\xfd", 4) == 0 ||
         ((b->room[0] & 0xf0) == 0x50 && memcmp(b->room + 1, "\x2a\x4d\x18", 3) == 0))) {
        b->zstd = ZSTD_createDStream();
        if (!b->zstd || ZSTD_isError(ZSTD_initDStream(b->zstd)))
            return err_memory(err, "the layer");
    }
    return 0;
}

/* ---- reading one piece of tar, possibly empty ---- */

static int take_plain(struct layer_blob *b, uint8_t *out, size_t cap, size_t *made)
{
    *made = b->waiting.size < cap ? b->waiting.size : cap;
    memcpy(out, b->waiting.data, *made);
    b->waiting.data += *made;
    b->waiting.size -= *made;
    return 0;
}

static int take_zstd(struct layer_blob *b, ZSTD_outBuffer *to, struct err *err)
{
    ZSTD_inBuffer from = {b->waiting.data, b->waiting.size, 0};
    size_t rc = ZSTD_decompressStream(b->zstd, to, &from);

    if (ZSTD_isError(rc))
        return err_set(err, ERR_INTEGRITY, "zstd", "a layer is damaged: %s", ZSTD_getErrorName(rc));
    if (from.size || to->pos)
        b->framed = rc != 0;
    b->waiting = view_of(b->waiting.data + from.pos, b->waiting.size - from.pos);
    return 0;
}

static int read_tar(struct layer_blob *b, uint8_t *out, size_t cap, size_t *made, struct err *err)
{
    ZSTD_outBuffer to = {out, cap, 0};
    int answer;

    if (b->gunzip)
        return gunzip_read(b->gunzip, &b->waiting, out, cap, made, err);
    if (!b->zstd)
        return take_plain(b, out, cap, made);
    answer = take_zstd(b, &to, err);
    *made = to.pos;
    return answer;
}

/* Checks that the blob may end here. */
static int check_end(const struct layer_blob *b, struct err *err)
{
    if (b->gunzip)
        return gunzip_finish(b->gunzip, err);
    if (b->framed)
        return err_set(err, ERR_INTEGRITY, "zstd", "a layer is cut short");
    return 0;
}

static long blob_read(struct layer_stream *stream, uint8_t *out, size_t cap,
                      const atomic_bool *stop, struct err *err)
{
    struct layer_blob *b = (struct layer_blob *)stream;
    size_t done = 0;

    while (done < cap && !(stop && atomic_load(stop))) {
        size_t made = 0;

        if (read_tar(b, out + done, cap - done, &made, err))
            return ERR_FAIL;
        done += made;
        b->made += made;
        if (b->made > LAYER_BLOB_MAX)
            return err_set(err, ERR_INTEGRITY, "layer", "a layer is too large");
        if (made || b->waiting.size)
            continue;
        if (b->ended)
            return check_end(b, err) ? ERR_FAIL : (long)done;
        if (refill(b, err))
            return ERR_FAIL;
    }
    return (long)done;
}

static void blob_close(struct layer_stream *stream)
{
    struct layer_blob *b = (struct layer_blob *)stream;

    close(b->fd);
    gunzip_destroy(b->gunzip);
    ZSTD_freeDStream(b->zstd);
    free(b);
}

struct layer_stream *layer_blob_open(int fd, struct err *err)
{
    struct layer_blob *b = calloc(1, sizeof *b);

    if (!b) {
        err_memory(err, "the layer");
        close(fd);
        return NULL;
    }
    b->stream = (struct layer_stream){.read = blob_read, .close = blob_close};
    b->fd = fd;
    if (choose(b, err)) {
        blob_close(&b->stream);
        return NULL;
    }
    return &b->stream;
}

int layer_blob_measure(int fd, const struct cancel *cancel, uint64_t *size, struct err *err)
{
    struct layer_stream *stream = layer_blob_open(fd, err);
    uint8_t *piece = malloc(PIECE);
    long got = stream && piece ? 1 : ERR_FAIL;

    if (stream && !piece)
        err_memory(err, "the layer");
    *size = 0;
    while (got > 0) {
        got = blob_read(stream, piece, PIECE, NULL, err);
        *size += got > 0 ? (uint64_t)got : 0;
        if (got > 0 && cancel_check(cancel, err))
            got = ERR_FAIL;
    }
    free(piece);
    if (stream)
        blob_close(stream);
    return got < 0 ? ERR_FAIL : 0;
}
