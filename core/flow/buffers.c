/*
 * One anonymous mapping contains everything: the table of buffers, then their aux areas, then their
 * bytes. The kernel provides zeroed pages when they are touched, so the transfer of a small image
 * needs little memory. The free list is a stack, so that touched pages are used again first.
 */
#include "flow/buffers.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "os/memory.h"

#define ALIGNMENT ((size_t)64) /* a cache line, so that no two buffers share one */

struct buffers {
    uint8_t *arena;
    size_t bytes;
    unsigned count, out;
    struct buffer *all; /* [count], in the arena */
    struct buffer *free;
};

/* Adds count * round_up(size) to *total and sets *rounded to round_up(size). Returns false on
 * overflow. */
static bool reserve(size_t *total, size_t *rounded, unsigned count, size_t size)
{
    size_t all;

    if (__builtin_add_overflow(size, ALIGNMENT - 1, rounded))
        return false;
    *rounded &= ~(ALIGNMENT - 1);
    return !__builtin_mul_overflow(*rounded, (size_t)count, &all) &&
           !__builtin_add_overflow(*total, all, total);
}

static uint8_t *carve(uint8_t **at, size_t size)
{
    uint8_t *piece = size ? *at : NULL;

    *at += size;
    return piece;
}

struct buffers *buffers_create(unsigned count, size_t in_size, size_t out_size, size_t aux_size,
                               struct err *err)
{
    size_t table = 0, in = 0, out = 0, aux = 0, bytes = 0;
    struct buffers *buffers = calloc(1, sizeof(*buffers));
    uint8_t *at;

    if (!buffers) {
        err_memory(err, "the transfer buffers");
        return NULL;
    }
    if (count == 0 || !reserve(&bytes, &table, 1, count * sizeof(struct buffer)) ||
        !reserve(&bytes, &aux, count, aux_size) || !reserve(&bytes, &in, count, in_size) ||
        !reserve(&bytes, &out, count, out_size)) {
        err_set(err, ERR_INTERNAL, "buffers", "invalid number of transfer buffers: %u", count);
        goto fail;
    }
    buffers->arena = os_map(bytes);
    if (!buffers->arena) {
        err_errno(err, errno, "memory", "cannot map %zu bytes of transfer buffers", bytes);
        goto fail;
    }
    buffers->bytes = bytes;
    buffers->count = count;
    at = buffers->arena;
    buffers->all = (struct buffer *)(void *)carve(&at, table);
    for (unsigned i = 0; i < count; i++)
        buffers->all[i].aux = carve(&at, aux);
    for (unsigned i = 0; i < count; i++) {
        buffers->all[i].in = carve(&at, in);
        buffers->all[i].out = carve(&at, out);
    }
    for (unsigned i = count; i-- > 0;) {
        buffers->all[i].next = buffers->free;
        buffers->free = &buffers->all[i];
    }
    return buffers;
fail:
    free(buffers);
    return NULL;
}

void buffers_destroy(struct buffers *buffers)
{
    if (!buffers)
        return;
    assert(buffers->out == 0);
    os_unmap(buffers->arena, buffers->bytes);
    free(buffers);
}

struct buffer *buffers_take(struct buffers *buffers)
{
    struct buffer *buffer = buffers->free;

    if (buffer) {
        buffers->free = buffer->next;
        buffer->next = NULL;
        buffers->out++;
    }
    return buffer;
}

void buffers_give(struct buffers *buffers, struct buffer *buffer)
{
    assert(buffers->out > 0);
    assert(buffer >= buffers->all && buffer < buffers->all + buffers->count);
    buffer->next = buffers->free;
    buffers->free = buffer;
    buffers->out--;
}

unsigned buffers_out(const struct buffers *buffers)
{
    return buffers->out;
}
