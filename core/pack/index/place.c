/*
 * Places are not stored for each chunk: the chunks of an extent lie one behind the other, so the
 * cursor adds their packed sizes.
 */
#include "pack/index/index.h"

void index_cursor_init(struct index_cursor *cursor, const struct index_section *section)
{
    *cursor = (struct index_cursor){.section = section};
}

const struct index_chunk *index_cursor_next(struct index_cursor *cursor, struct index_place *place)
{
    const struct index_section *section = cursor->section;
    const struct index_chunk *chunk;

    if (cursor->chunk == section->chunk_count)
        return NULL;
    if (cursor->left == 0) {
        const struct index_extent *extent = &section->extents[cursor->extent++];

        cursor->left = extent->chunks;
        cursor->place = (struct index_place){.object = extent->object, .offset = extent->offset};
    }
    chunk = &section->chunks[cursor->chunk++];
    *place = cursor->place;
    cursor->place.offset += chunk->packed_size;
    cursor->left--;
    return chunk;
}

uint64_t index_cursor_run(const struct index_cursor *cursor)
{
    uint64_t run = 0;

    for (uint32_t i = 0; i < cursor->left; i++)
        run += cursor->section->chunks[cursor->chunk + i].packed_size;
    return run;
}

uint64_t index_address(const struct index *index, const struct index_place *place)
{
    return index->objects[place->object].base + place->offset;
}
