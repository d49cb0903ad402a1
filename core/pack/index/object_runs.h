/*
 * object_runs - the bytes of several objects that an image uses, as a sorted list of runs.
 *
 * Pure. A value: {0} is the empty list.
 */
#ifndef S3DOCK_PACK_INDEX_OBJECT_RUNS_H
#define S3DOCK_PACK_INDEX_OBJECT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct index_section;

struct object_run {
    unsigned object;
    uint64_t offset, size; /* size: at least 1 */
};

struct object_runs {
    size_t count, room;
    struct object_run *list;
};

void object_runs_finish(struct object_runs *runs);
/* Adds bytes of an object. A run that continues the last one extends it. */
int object_runs_add(struct object_runs *runs, const struct object_run *run, struct err *err);
/* Adds all chunks of a loaded section. */
int object_runs_add_section(struct object_runs *runs, const struct index_section *section,
                            struct err *err);
/* Sorts the runs by object and offset, and unites those that touch or overlap. */
void object_runs_sort(struct object_runs *runs);
/* Returns true if one of the sorted runs contains all of these bytes. */
bool object_runs_contain(const struct object_runs *runs, unsigned object, uint64_t offset,
                         uint64_t size);
/* Returns the bytes of all runs. */
uint64_t object_runs_bytes(const struct object_runs *runs);

#endif
