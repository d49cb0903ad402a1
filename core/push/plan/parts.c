/*
 * One mapping holds the buffers of all parts; a small table names them. A part is in one of three
 * places: the free list, `filling`, or with the caller.
 */
#include "push/plan/parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "os/memory.h"

struct parts {
    uint8_t *arena;
    size_t bytes, part_size;
    unsigned last_number, out, count;
    struct part *free, *filling;
    struct part part[];
};

struct parts *parts_create(unsigned count, size_t part_size, struct err *err)
{
    struct parts *parts;
    size_t bytes;

    if (count == 0 || part_size == 0 || __builtin_mul_overflow((size_t)count, part_size, &bytes)) {
        err_set(err, ERR_INTERNAL, "parts", "no such parts: %u of %zu bytes", count, part_size);
        return NULL;
    }
    parts = calloc(1, sizeof(*parts) + count * sizeof(parts->part[0]));
    if (!parts) {
        err_memory(err, "the upload parts");
        return NULL;
    }
    parts->arena = os_map(bytes);
    if (!parts->arena) {
        err_errno(err, errno, "memory", "cannot map %zu bytes of upload parts", bytes);
        free(parts);
        return NULL;
    }
    parts->bytes = bytes;
    parts->count = count;
    parts->part_size = part_size;
    for (unsigned i = count; i-- > 0;) {
        parts->part[i].data = parts->arena + i * part_size;
        parts->part[i].next = parts->free;
        parts->free = &parts->part[i];
    }
    return parts;
}

void parts_destroy(struct parts *parts)
{
    if (!parts)
        return;
    assert(parts->out == 0);
    os_unmap(parts->arena, parts->bytes);
    free(parts);
}

size_t parts_bytes(const struct parts *parts)
{
    return parts->bytes;
}

/* Makes a free part the one being filled. False when none is free. */
static bool begin(struct parts *parts)
{
    struct part *part = parts->free;

    if (!part)
        return false;
    parts->free = part->next;
    part->next = NULL;
    part->size = 0;
    part->number = ++parts->last_number;
    parts->filling = part;
    return true;
}

size_t parts_add(struct parts *parts, struct view bytes, struct part **full)
{
    struct part *part;
    size_t room, used;

    *full = NULL;
    if (bytes.size == 0 || (!parts->filling && !begin(parts)))
        return 0;
    part = parts->filling;
    room = parts->part_size - part->size;
    used = bytes.size < room ? bytes.size : room;
    memcpy(part->data + part->size, bytes.data, used);
    part->size += used;
    if (used == room)
        *full = parts_flush(parts);
    return used;
}

struct part *parts_flush(struct parts *parts)
{
    struct part *part = parts->filling;

    if (part) {
        parts->filling = NULL;
        parts->out++;
    }
    return part;
}

void parts_give(struct parts *parts, struct part *part)
{
    assert(parts->out > 0);
    part->next = parts->free;
    parts->free = part;
    parts->out--;
}

struct part *parts_take(struct parts *parts)
{
    struct part *part = parts->free;

    if (!part)
        return NULL;
    parts->free = part->next;
    part->next = NULL;
    part->size = 0;
    part->number = 0;
    parts->out++;
    return part;
}

unsigned parts_free(const struct parts *parts)
{
    return parts->count - parts->out - (parts->filling ? 1 : 0);
}

unsigned parts_out(const struct parts *parts)
{
    return parts->out;
}
