/*
 * Spans end anywhere, also inside a header block. The scanner wants whole headers, so the beginning
 * of one that is split waits in `carry` until the rest has come.
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
    struct verify_stream *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->tar = tar_create();
    c->image = image_create();
    if (!c->tar || !c->image) {
        verify_stream_destroy(c);
        return NULL;
    }
    tar_strict(c->tar);
    return c;
}

void verify_stream_destroy(struct verify_stream *check)
{
    if (!check)
        return;
    tar_destroy(check->tar);
    image_destroy(check->image);
    free(check);
}

/* The scanner's hints are for who pushes an archive. Here it came out of a bucket: whatever is
 * wrong with it, the archive is damaged, and the pull tells what mends it. */
static int blame(struct err *err)
{
    if (err->family == ERR_USAGE || err->family == ERR_DOCKER || err->family == ERR_UNSUPPORTED)
        err->family = ERR_INTEGRITY;
    if (err->family == ERR_INTEGRITY)
        err->hint[0] = '\0';
    return ERR_FAIL;
}

/* Scans a window as far as it goes. Returns how many bytes were left for want of a whole header. */
static long scan(struct verify_stream *c, const uint8_t *bytes, size_t size, struct err *err)
{
    while (size) {
        struct tar_step step;

        /* Without tar_normalize the scanner only reads. */
        if (tar_scan(c->tar, (uint8_t *)(uintptr_t)bytes, size, &step, err))
            return ERR_FAIL;
        if (step.event == TAR_MORE)
            break;
        if (image_feed(c->image, &step, tar_entry(c->tar), bytes, err))
            return ERR_FAIL;
        bytes += step.used;
        size -= step.used;
    }
    return (long)size;
}

/* Completes a split header from the new bytes. */
static int use_carry(struct verify_stream *c, struct view *bytes, struct err *err)
{
    size_t want = TAR_BLOCK - c->carried;
    long left;

    if (c->carried == 0)
        return 0;
    if (want > bytes->size)
        want = bytes->size;
    memcpy(c->carry + c->carried, bytes->data, want);
    c->carried += want;
    bytes->data += want;
    bytes->size -= want;
    left = scan(c, c->carry, c->carried, err);
    if (left < 0)
        return ERR_FAIL;
    memmove(c->carry, c->carry + c->carried - (size_t)left, (size_t)left);
    c->carried = (size_t)left;
    return 0;
}

int verify_stream_feed(struct verify_stream *check, struct view bytes, struct err *err)
{
    long left;

    if (use_carry(check, &bytes, err))
        return blame(err);
    left = scan(check, bytes.data, bytes.size, err);
    if (left < 0)
        return blame(err);
    if (left) {
        memcpy(check->carry, bytes.data + bytes.size - (size_t)left, (size_t)left);
        check->carried = (size_t)left;
    }
    return 0;
}

int verify_stream_finish(struct verify_stream *check, const struct image_info **info,
                         struct view *config, struct err *err)
{
    if (!tar_complete(check->tar))
        return err_set(err, ERR_INTEGRITY, "truncated", "the image archive ends in the middle");
    if (image_finish(check->image, info, err))
        return blame(err);
    *config = image_config(check->image);
    return 0;
}
