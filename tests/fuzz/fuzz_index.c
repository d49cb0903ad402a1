/* A hostile index. The harness first corrects its checksums, as an attacker would. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/index/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
        index_parse_section(index, i, view_of(bytes + section->at, section->size), &err);
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
