/*
 * index_v1.h - an index of version 1, as older programs wrote it. Its chunk names are XXH3-128.
 */
#ifndef S3DOCK_TESTS_KIT_INDEX_V1_H
#define S3DOCK_TESTS_KIT_INDEX_V1_H

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "pack/codec/codec.h"
#include "pack/index/index.h"

#define INDEX_V1_RECORD  24
#define INDEX_V1_SECTION 40

static inline void index_v1_put(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static inline void index_v1_sum(uint8_t *at, const void *data, size_t size)
{
    struct xxh128 sum = xxh128_of(data, size);

    memcpy(at, sum.bytes, sizeof sum.bytes);
}

/* Converts one record of version 2. `packed`: the chunk's bytes in the archive. If it is NULL,
 * there is no archive, and the name becomes the first bytes of the chunk's name. */
static inline void index_v1_record(uint8_t *at, const struct index_chunk *chunk,
                                   const uint8_t *packed, struct unpacker *unpacker, uint8_t *room)
{
    struct err err = {.text = ""};

    index_v1_put(at, chunk->raw_size, 4);
    index_v1_put(at + 4, chunk->packed_size, 4);
    memcpy(at + 8, chunk->name.bytes, 16);
    if (!packed)
        return;
    if (unpacker_unpack(unpacker, CODEC_GZIP, view_of(packed, chunk->packed_size), room,
                        chunk->raw_size, &err))
        fail_msg("%s", err.text);
    index_v1_sum(at + 8, room, chunk->raw_size);
}

/* Writes the index `now` of this archive (or of none) to `out` as version 1. */
static inline void index_v1_make(struct view now, struct view archive, struct text *out)
{
    struct err err = {.text = ""};
    struct unpacker *unpacker = unpacker_create(&err);
    uint8_t *room = malloc(CHUNK_MAX_LIMIT), *header, *table, *at;
    const uint8_t *packed = archive.data;
    struct index *index;
    size_t size, chunks = 0;

    if (index_parse(now, &index, &err))
        fail_msg("%s", err.text);
    for (unsigned i = 0; i < index->section_count; i++)
        chunks += index->sections[i].chunk_count;
    size = (size_t)index->header_size + chunks * INDEX_V1_RECORD;
    header = malloc(size);
    memcpy(header, now.data, (size_t)index->header_size);
    table = header + index->header_size - 16 - index->section_count * INDEX_V1_SECTION;
    at = header + index->header_size;
    for (unsigned i = 0; i < index->section_count; i++, table += INDEX_V1_SECTION) {
        const struct index_section *section = &index->sections[i];
        uint8_t *first = at;

        for (uint32_t k = 0; k < section->chunk_count; k++, at += INDEX_V1_RECORD) {
            index_v1_record(at, &section->chunks[k], packed, unpacker, room);
            if (packed)
                packed += section->chunks[k].packed_size;
        }
        index_v1_sum(table + 24, first, (size_t)(at - first));
    }
    index_v1_put(header + 8, 1, 4);
    index_v1_put(header + 16, size, 8);
    index_v1_sum(header + index->header_size - 16, header, (size_t)index->header_size - 16);
    text_add(out, header, size);
    index_destroy(index);
    unpacker_destroy(unpacker);
    free(header);
    free(room);
}

#endif
