/*
 * held_index - an index of an image in the bucket, whose chunks a push may reuse.
 */
#ifndef S3DOCK_PACK_INDEX_HELD_INDEX_H
#define S3DOCK_PACK_INDEX_HELD_INDEX_H

#include "pack/index/index.h"

/* The number of an object whose chunks must not be used. */
#define HELD_UNUSABLE 255

struct held_index {
    struct index *index; /* all sections are loaded */
    /* The number of each object of the index, for struct held_chunk; or HELD_UNUSABLE. */
    unsigned char objects[INDEX_OBJECTS_MAX];
};

#endif
