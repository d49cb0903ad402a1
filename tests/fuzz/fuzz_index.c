/* A hostile index. The harness first corrects its checksums, as an attacker would. Each chunk of an
 * accepted section lies within its object. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/index/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_places(const struct index *index, const struct index_section *section)
{
    const struct index_chunk *chunk;
    struct index_cursor cursor;
    struct index_place place;
    uint64_t address = section->packed_before;

    index_cursor_init(&cursor, section);
    for (; (chunk = index_cursor_next(&cursor, &place)); address += chunk->packed_size) {
        if (place.object >= index->object_count ||
            place.offset > index->objects[place.object].size ||
            chunk->packed_size > index->objects[place.object].size - place.offset ||
            index_address(index, &place) >= index->space ||
            (index->whole && index_address(index, &place) != address))
            abort();
    }
}

static void parse(uint8_t *bytes, size_t size)
{
    struct index *index;
    struct err err;
    struct xxh128 sum;
    uint64_t header;

    if (index_header_size(view_of(bytes, size), &header, &err) < 0 || header > size)
        return;
    sum = xxh128_of(bytes, (size_t)header - sizeof(sum));
    memcpy(bytes + header - sizeof(sum), &sum, sizeof(sum));
    if (index_parse_header(view_of(bytes, size), &index, &err) < 0)
        return;
    for (unsigned i = 0; i < index->section_count; i++) {
        struct index_section *section = &index->sections[i];

        if (section->at > size || section->size > size - section->at)
            break;
        section->sum = xxh128_of(bytes + section->at, section->size);
        if (index_parse_section(index, i, view_of(bytes + section->at, section->size), &err) == 0)
            check_places(index, section);
    }
    index_destroy(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (copy && size)
        memcpy(copy, data, size);
    if (copy)
        parse(copy, size);
    free(copy);
    return 0;
}
