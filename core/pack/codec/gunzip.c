/*
 * zlib inflates one member at a time. This module handles the sequence: the next member, zero
 * padding, and the end of the input.
 *
 *   BEFORE --byte--> MEMBER --end--> BETWEEN --0x1f--> MEMBER
 *                                    BETWEEN --0x00--> PADDING --0x00--> PADDING
 *
 * Everything else fails, and a failed reader keeps failing. zlib checks headers, CRCs and sizes.
 */
#include "pack/codec/gunzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/err.h"

#define GZIP_ONLY (16 + MAX_WBITS)

struct gunzip {
    z_stream z;
    enum { BEFORE, MEMBER, BETWEEN, PADDING, FAILED } state;
};

struct gunzip *gunzip_create(struct err *err)
{
    struct gunzip *gunzip = calloc(1, sizeof(*gunzip));

    if (!gunzip || inflateInit2(&gunzip->z, GZIP_ONLY) != Z_OK) {
        free(gunzip);
        err_memory(err, "the gzip reader");
        return NULL;
    }
    return gunzip;
}

void gunzip_destroy(struct gunzip *gunzip)
{
    if (!gunzip)
        return;
    inflateEnd(&gunzip->z);
    free(gunzip);
}

static int fail(struct gunzip *gunzip, const char *why, struct err *err)
{
    gunzip->state = FAILED;
    return err_set(err, ERR_INTEGRITY, "gzip", "%s", why);
}

/* zlib counts in unsigned int. */
static uInt clamp(size_t size)
{
    return size < UINT_MAX ? (uInt)size : UINT_MAX;
}

/* Calls inflate once. *moved: it consumed or produced bytes. */
static int inflate_some(struct gunzip *gunzip, struct view *in, uint8_t *out, size_t cap,
                        size_t *produced, bool *moved, struct err *err)
{
    z_stream *z = &gunzip->z;
    uInt in_room = clamp(in->size), out_room = clamp(cap - *produced);
    int result;

    z->next_in = (z_const Bytef *)in->data;
    z->avail_in = in_room;
    z->next_out = out + *produced;
    z->avail_out = out_room;
    result = inflate(z, Z_NO_FLUSH);
    *moved = z->avail_in < in_room || z->avail_out < out_room || result == Z_STREAM_END;
    in->data = in->size ? in->data + (in_room - z->avail_in) : in->data;
    in->size -= in_room - z->avail_in;
    *produced += out_room - z->avail_out;
    switch (result) {
    case Z_STREAM_END:
        gunzip->state = BETWEEN;
        return 0;
    case Z_OK:
    case Z_BUF_ERROR: /* it needs more input, or more room */
        return 0;
    case Z_MEM_ERROR:
        gunzip->state = FAILED;
        return err_memory(err, "the gzip reader");
    default:
        return fail(gunzip, z->msg ? z->msg : "the compressed data is corrupt", err);
    }
}

/* Decides what follows at the start of the input or after a member. Consumes only padding. */
static int begin_member(struct gunzip *gunzip, struct view *in, struct err *err)
{
    if (gunzip->state == BEFORE) {
        gunzip->state = MEMBER;
        return 0;
    }
    if (gunzip->state == BETWEEN && in->data[0] == 0x1f) {
        inflateReset(&gunzip->z);
        gunzip->state = MEMBER;
        return 0;
    }
    gunzip->state = PADDING;
    while (in->size > 0 && in->data[0] == 0) {
        in->data++;
        in->size--;
    }
    return in->size == 0 ? 0 : fail(gunzip, "bytes that are not gzip follow the last member", err);
}

int gunzip_read(struct gunzip *gunzip, struct view *in, uint8_t *out, size_t cap, size_t *produced,
                struct err *err)
{
    bool moved = true;

    *produced = 0;
    if (gunzip->state == FAILED)
        return fail(gunzip, "the compressed data is corrupt", err);
    while (*produced < cap && moved) {
        int result = 0;

        /* With no input left, inflate may still hold output or the end of the member. */
        if (gunzip->state == MEMBER)
            result = inflate_some(gunzip, in, out, cap, produced, &moved, err);
        else if (in->size > 0)
            result = begin_member(gunzip, in, err);
        else
            moved = false;
        if (result < 0)
            return result;
    }
    return 0;
}

int gunzip_finish(struct gunzip *gunzip, struct err *err)
{
    switch (gunzip->state) {
    case BETWEEN:
    case PADDING:
        return 0;
    case BEFORE:
        return fail(gunzip, "the compressed data is empty", err);
    case MEMBER:
        return fail(gunzip, "the compressed data is cut short", err);
    default:
        return fail(gunzip, "the compressed data is corrupt", err);
    }
}

bool gunzip_is_padded(const struct gunzip *gunzip)
{
    return gunzip->state == PADDING;
}
