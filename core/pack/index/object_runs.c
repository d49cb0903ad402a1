/*
 * One run for each extent at first. After sorting, a run that begins within the one before, or at
 * its end, is united with it.
 */
#include "pack/index/object_runs.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/err.h"
#include "pack/index/index.h"

void object_runs_finish(struct object_runs *runs)
{
    free(runs->list);
    *runs = (struct object_runs){0};
}

static uint64_t end_of(const struct object_run *run)
{
    return run->offset + run->size;
}

int object_runs_add(struct object_runs *runs, const struct object_run *run, struct err *err)
{
    struct object_run *last = runs->count ? &runs->list[runs->count - 1] : NULL;

    if (last && last->object == run->object && end_of(last) == run->offset) {
        last->size += run->size;
        return 0;
    }
    if (!array_reserve(&runs->list, &runs->room, runs->count, sizeof runs->list[0]))
        return err_memory(err, "the extents of the image");
    runs->list[runs->count++] = *run;
    return 0;
}

int object_runs_add_section(struct object_runs *runs, const struct index_section *section,
                            struct err *err)
{
    const struct index_chunk *chunk;
    struct index_cursor cursor;
    struct index_place place;

    index_cursor_init(&cursor, section);
    while ((chunk = index_cursor_next(&cursor, &place))) {
        struct object_run run = {
            .object = place.object, .offset = place.offset, .size = chunk->packed_size};

        if (object_runs_add(runs, &run, err))
            return ERR_FAIL;
    }
    return 0;
}

static int compare(const void *left, const void *right)
{
    const struct object_run *a = left, *b = right;

    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

void object_runs_sort(struct object_runs *runs)
{
    struct object_run *list = runs->list;
    size_t kept = 0;

    if (runs->count == 0)
        return;
    qsort(list, runs->count, sizeof list[0], compare);
    for (size_t i = 1; i < runs->count; i++) {
        struct object_run *last = &list[kept];

        if (list[i].object != last->object || list[i].offset > end_of(last))
            list[++kept] = list[i];
        else if (end_of(&list[i]) > end_of(last))
            last->size = end_of(&list[i]) - last->offset;
    }
    runs->count = kept + 1;
}

bool object_runs_contain(const struct object_runs *runs, unsigned object, uint64_t offset,
                         uint64_t size)
{
    struct object_run wanted = {.object = object, .offset = offset};
    size_t low = 0, high = runs->count; /* the last run at or before `wanted` is in front of high */

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&runs->list[middle], &wanted) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return high > 0 && runs->list[high - 1].object == object && size <= runs->list[high - 1].size &&
           offset - runs->list[high - 1].offset <= runs->list[high - 1].size - size;
}

uint64_t object_runs_bytes(const struct object_runs *runs)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < runs->count; i++)
        bytes += runs->list[i].size;
    return bytes;
}
