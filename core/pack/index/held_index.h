/*
 * held_index - an index of an image in the bucket, and which of its chunks a push may reuse.
 */
#ifndef S3DOCK_PACK_INDEX_HELD_INDEX_H
#define S3DOCK_PACK_INDEX_HELD_INDEX_H

#include <stdbool.h>

#include "pack/index/index.h"
#include "pack/index/object_runs.h"

/* The number of an object whose chunks must not be used. */
#define HELD_UNUSABLE 255

struct held_index {
    struct index *index; /* all sections are loaded */
    /* The number of each object of the index, for struct held_chunk; or HELD_UNUSABLE. */
    unsigned char objects[INDEX_OBJECTS_MAX];
    /* Sorted; by number. Chunks outside of these runs must not be used. NULL: all may. Borrowed. */
    const struct object_runs *allowed;
};

/* Returns true if `size` bytes at a place of the index may be used. */
bool held_index_allows(const struct held_index *held, const struct index_place *place,
                       uint64_t size);
/* Returns true if all chunks of a section of the index may be used. */
bool held_index_allows_section(const struct held_index *held, const struct index_section *section);

#endif
