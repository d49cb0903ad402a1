/*
 * The reader of a section's block: its extents and its records. The header has bounded the size of
 * the block and of the objects, so no sum of this file can overflow: 2^23 chunks of less than 2^20
 * bytes, in objects that end below 2^63.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "pack/index/index.h"
#include "pack/index/layout.h"

static struct chunk_name get_name(struct le_reader *reader, enum name_kind kind)
{
    size_t size = index_record_size(kind) - 8;
    const uint8_t *bytes = le_read_bytes(reader, size);
    struct chunk_name name = {{0}};

    if (bytes)
        memcpy(name.bytes, bytes, size);
    return name;
}

/* Reads the extents. Before version 3, the section is the next range of the archive. */
static int get_extents(struct le_reader *reader, const struct index *index,
                       struct index_section *section, struct err *err)
{
    uint64_t chunks = 0;

    if (index->version < 3) {
        section->extents[0] =
            (struct index_extent){.chunks = section->chunk_count, .offset = section->packed_before};
        return 0;
    }
    for (uint32_t i = 0; i < section->extent_count; i++) {
        struct index_extent *extent = &section->extents[i];
        uint16_t reserved;

        extent->chunks = (uint32_t)le_read(reader, 4);
        extent->object = (uint16_t)le_read(reader, 2);
        reserved = (uint16_t)le_read(reader, 2);
        extent->offset = le_read(reader, 8);
        if (extent->chunks == 0 || extent->object >= index->object_count || reserved != 0)
            return index_broken(err, "an extent is impossible");
        if (index->whole && extent->offset != section->packed_before)
            return index_broken(err, "an extent leaves the order of the archive");
        chunks += extent->chunks;
    }
    return chunks == section->chunk_count
               ? 0
               : index_broken(err, "extents do not add up to their section");
}

static void get_chunks(struct le_reader *reader, const struct index *index,
                       struct index_section *section)
{
    for (uint32_t i = 0; i < section->chunk_count; i++) {
        struct index_chunk *chunk = &section->chunks[i];

        chunk->raw_size = (uint32_t)le_read(reader, 4);
        chunk->packed_size = (uint32_t)le_read(reader, 4);
        chunk->name = get_name(reader, index->names);
    }
}

/* Checks each chunk, that it lies within its object, and the sums of the section. */
static int check_chunks(const struct index *index, const struct index_section *section,
                        struct err *err)
{
    const struct index_chunk *chunk;
    struct index_cursor cursor;
    struct index_place place;
    uint64_t raw = 0, packed = 0;

    index_cursor_init(&cursor, section);
    while ((chunk = index_cursor_next(&cursor, &place))) {
        const struct index_object *object = &index->objects[place.object];

        if (!index_chunk_valid(chunk, object->codec, &index->params))
            return index_broken(err, "a chunk has an impossible size");
        if (place.offset > object->size || chunk->packed_size > object->size - place.offset)
            return index_broken(err, "a chunk lies outside of its object");
        raw += chunk->raw_size;
        packed += chunk->packed_size;
    }
    if (raw != section->raw_size || packed != section->packed_size)
        return index_broken(err, "chunks do not add up to their section");
    return 0;
}

static int parse_block(const struct index *index, struct index_section *section, struct view block,
                       struct err *err)
{
    struct le_reader reader = {.left = block};

    section->extents = calloc(section->extent_count, sizeof(*section->extents));
    section->chunks = calloc(section->chunk_count, sizeof(*section->chunks));
    if (!section->extents || !section->chunks)
        return index_no_memory(err);
    if (get_extents(&reader, index, section, err) < 0)
        return ERR_FAIL;
    get_chunks(&reader, index, section);
    return check_chunks(index, section, err);
}

int index_parse_section(struct index *index, unsigned number, struct view block, struct err *err)
{
    struct index_section *section;
    struct xxh128 sum;

    if (number >= index->section_count)
        return err_set(err, ERR_INTERNAL, "index", "the index has no section %u", number);
    section = &index->sections[number];
    if (section->chunks)
        return 0;
    if (block.size != section->size)
        return index_broken(err, "a section has the wrong size");
    sum = xxh128_of(block.data, block.size);
    if (!xxh128_equals(&sum, &section->sum))
        return index_broken(err, "a section does not match its checksum");
    if (parse_block(index, section, block, err) == 0)
        return 0;
    free(section->extents);
    free(section->chunks);
    section->extents = NULL;
    section->chunks = NULL;
    return ERR_FAIL;
}
