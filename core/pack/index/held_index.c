/*
 * The runs have the numbers of objects that several indexes share, not the positions in one index.
 */
#include "pack/index/held_index.h"

bool held_index_allows(const struct held_index *held, const struct index_place *place,
                       uint64_t size)
{
    unsigned number = held->objects[place->object];

    return number != HELD_UNUSABLE &&
           (!held->allowed || object_runs_contain(held->allowed, number, place->offset, size));
}

bool held_index_allows_section(const struct held_index *held, const struct index_section *section)
{
    const struct index_chunk *chunk;
    struct index_cursor cursor;
    struct index_place place;

    index_cursor_init(&cursor, section);
    while ((chunk = index_cursor_next(&cursor, &place)))
        if (!held_index_allows(held, &place, chunk->packed_size))
            return false;
    return true;
}
