/*
 * builder - the chunks that an index builder has collected. For core/pack/index only: build.c adds
 * them, write.c writes the index.
 */
#ifndef S3DOCK_PACK_INDEX_BUILDER_H
#define S3DOCK_PACK_INDEX_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/index/index.h"

struct built_chunk {
    struct index_chunk chunk;
    bool starts_section;
    uint16_t object;
    uint64_t offset;
};

struct index_builder {
    struct chunk_params params;
    struct index_writer writer;
    uint64_t raw_size, packed_size;
    bool placed; /* a chunk has a place of its own */
    struct built_chunk *chunks;
    uint32_t count; /* at most INDEX_CHUNKS_MAX */
    size_t room;
    unsigned object_count; /* at least 1 */
    struct index_object objects[INDEX_BUILDER_OBJECTS_MAX];
};

#endif
