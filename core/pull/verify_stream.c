/*
 * Spans end anywhere, also inside a header block. The scanner needs whole headers, so the beginning
 * of a split header waits in `carry` for the rest.
 */
#include "pull/verify_stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/tar/tar.h"

struct verify_stream {
    struct tar *tar;
    struct image *image;
    uint8_t carry[TAR_BLOCK];
    size_t carried;
};

struct verify_stream *verify_stream_create(void)
{
    struct verify_stream *stream = calloc(1, sizeof *stream);

    if (!stream)
        return NULL;
    stream->tar = tar_create();
    stream->image = image_create();
    if (!stream->tar || !stream->image) {
        verify_stream_destroy(stream);
        return NULL;
    }
    tar_strict(stream->tar);
    return stream;
}

void verify_stream_destroy(struct verify_stream *stream)
{
    if (!stream)
        return;
    tar_destroy(stream->tar);
    image_destroy(stream->image);
    free(stream);
}

/* The scanner's hints are for a push. An archive in the bucket that cannot be read is damaged, and
 * the pull adds the hint how to repair it. */
static int as_damaged(struct err *err)
{
    if (err->family == ERR_USAGE || err->family == ERR_DOCKER || err->family == ERR_UNSUPPORTED)
        err->family = ERR_INTEGRITY;
    if (err->family == ERR_INTEGRITY)
        err->hint[0] = '\0';
    return ERR_FAIL;
}

/* Scans a window. Returns the number of bytes at its end that are an incomplete header. */
static long scan(struct verify_stream *stream, const uint8_t *bytes, size_t size, struct err *err)
{
    while (size) {
        struct tar_step step;

        /* Without tar_normalize the scanner only reads. */
        if (tar_scan(stream->tar, (uint8_t *)(uintptr_t)bytes, size, &step, err))
            return ERR_FAIL;
        if (step.event == TAR_MORE)
            break;
        if (image_feed(stream->image, &step, tar_entry(stream->tar), bytes, err))
            return ERR_FAIL;
        bytes += step.used;
        size -= step.used;
    }
    return (long)size;
}

/* Completes a split header with the new bytes. */
static int scan_carry(struct verify_stream *stream, struct view *bytes, struct err *err)
{
    size_t want = TAR_BLOCK - stream->carried;
    long left;

    if (stream->carried == 0)
        return 0;
    if (want > bytes->size)
        want = bytes->size;
    memcpy(stream->carry + stream->carried, bytes->data, want);
    stream->carried += want;
    bytes->data += want;
    bytes->size -= want;
    left = scan(stream, stream->carry, stream->carried, err);
    if (left < 0)
        return ERR_FAIL;
    memmove(stream->carry, stream->carry + stream->carried - (size_t)left, (size_t)left);
    stream->carried = (size_t)left;
    return 0;
}

int verify_stream_feed(struct verify_stream *stream, struct view bytes, struct err *err)
{
    long left;

    if (scan_carry(stream, &bytes, err))
        return as_damaged(err);
    left = scan(stream, bytes.data, bytes.size, err);
    if (left < 0)
        return as_damaged(err);
    if (left) {
        memcpy(stream->carry, bytes.data + bytes.size - (size_t)left, (size_t)left);
        stream->carried = (size_t)left;
    }
    return 0;
}

int verify_stream_finish(struct verify_stream *stream, const struct image_info **info,
                         struct view *config, struct err *err)
{
    if (!tar_complete(stream->tar))
        return err_set(err, ERR_INTEGRITY, "truncated", "the image archive ends in the middle");
    if (image_finish(stream->image, info, err))
        return as_damaged(err);
    *config = image_config(stream->image);
    return 0;
}
