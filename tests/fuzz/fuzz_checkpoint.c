/* A hostile checkpoint. The harness first corrects the sums of its records. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "push/resume/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_sums_right(uint8_t *bytes, size_t size)
{
    size_t at = 8;

    while (size > at && size - at >= 8 + 16) {
        size_t body = bytes[at + 4] | (size_t)bytes[at + 5] << 8 | (size_t)bytes[at + 6] << 16;
        struct xxh128 sum;

        bytes[at + 7] = 0;
        if (size - at - 24 < body)
            return;
        sum = xxh128_of(bytes + at, 8 + body);
        memcpy(bytes + at + 8 + body, &sum, sizeof sum);
        at += 8 + body + 16;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    struct checkpoint *c;
    struct err err;

    if (copy && size) {
        memcpy(copy, data, size);
        make_sums_right(copy, size);
        if (checkpoint_parse(view_of(copy, size), &c, &err) == 0)
            checkpoint_destroy(c);
    }
    free(copy);
    return 0;
}
