/* Any bytes as a tar, with normalised headers. The first byte selects the size of the windows. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/tar/tar.h"

#include "repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tar *tar = tar_create();
    size_t piece = size > 0 ? data[0] * 17u + 1 : 1, at = 1, end = 1;
    uint8_t *window = malloc(size + 1);
    struct err err;

    if (size > 0)
        memcpy(window, data, size);
    if (size > 1)
        repair(window + 1, size - 1);
    tar_normalize(tar, piece % 2 ? 1753108200 : -1);
    if (piece % 4 / 2)
        tar_strict(tar);
    while (end < size || at < end) {
        struct tar_step step = {.event = TAR_MORE};

        if (at < end && tar_scan(tar, window + at, end - at, &step, &err) < 0)
            break;
        if (step.event != TAR_MORE)
            at += step.used;
        else if (end >= size)
            break;
        else
            end = end + piece < size ? end + piece : size;
        if (at > end || (step.event != TAR_MORE && step.used == 0))
            abort();
    }
    free(window);
    tar_destroy(tar);
    return 0;
}
