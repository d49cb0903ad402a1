/*
 * One anonymous mapping holds everything: the slots, then their aux areas, then their buffers. The
 * kernel gives zeroed pages when they are touched, so a transfer of a small image stays small; the
 * free list is a stack, so that it keeps using the pages it already has.
 */
#include "flow/buffers.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/err.h"

#define ALIGNMENT ((size_t)64) /* a cache line: neighbours never share one */

struct buffers {
    uint8_t *arena;
    size_t bytes;
    unsigned count, out;
    struct buffer *slot; /* [count], in the arena */
    struct buffer *free;
};

/* Adds count * round_up(size) to *total; false on overflow. *rounded is one piece. */
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
    struct buffers *slots = calloc(1, sizeof(*slots));
    uint8_t *at;

    if (!slots) {
        err_memory(err, "the transfer buffers");
        return NULL;
    }
    if (count == 0 || !reserve(&bytes, &table, 1, count * sizeof(struct buffer)) ||
        !reserve(&bytes, &aux, count, aux_size) || !reserve(&bytes, &in, count, in_size) ||
        !reserve(&bytes, &out, count, out_size)) {
        err_set(err, ERR_INTERNAL, "slots", "no such number of transfer buffers: %u", count);
        goto fail;
    }
    slots->arena =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, (off_t)0);
    if (slots->arena == MAP_FAILED) {
        err_errno(err, errno, "memory", "cannot map %zu bytes of transfer buffers", bytes);
        goto fail;
    }
    slots->bytes = bytes;
    slots->count = count;
    at = slots->arena;
    slots->slot = (struct buffer *)(void *)carve(&at, table);
    for (unsigned i = 0; i < count; i++)
        slots->slot[i].aux = carve(&at, aux);
    for (unsigned i = 0; i < count; i++) {
        slots->slot[i].in = carve(&at, in);
        slots->slot[i].out = carve(&at, out);
    }
    for (unsigned i = count; i-- > 0;) {
        slots->slot[i].next = slots->free;
        slots->free = &slots->slot[i];
    }
    return slots;
fail:
    free(slots);
    return NULL;
}

void buffers_destroy(struct buffers *slots)
{
    if (!slots)
        return;
    assert(slots->out == 0);
    munmap(slots->arena, slots->bytes);
    free(slots);
}

struct buffer *buffers_take(struct buffers *slots)
{
    struct buffer *slot = slots->free;

    if (slot) {
        slots->free = slot->next;
        slot->next = NULL;
        slots->out++;
    }
    return slot;
}

void buffers_give(struct buffers *slots, struct buffer *slot)
{
    assert(slots->out > 0);
    assert(slot >= slots->slot && slot < slots->slot + slots->count);
    slot->next = slots->free;
    slots->free = slot;
    slots->out--;
}

unsigned buffers_out(const struct buffers *slots)
{
    return slots->out;
}

struct buffer *buffers_nth(struct buffers *slots, unsigned i)
{
    assert(i < slots->count);
    return &slots->slot[i];
}

size_t buffers_bytes(const struct buffers *slots)
{
    return slots->bytes;
}
