/* Any bytes as a save stream: no chunk exceeds the maximum, and every byte is consumed once, also
 * if the rest of some layers is skipped. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/chunk/cut.h"

#include "repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct chunk_params params = {64, 256, 1024, 16384};
    struct cut *cut = cut_create(&params, 1753108200);
    size_t piece = size > 0 ? data[0] * 17u + 1 : 1, at = 1, end = 1, start = 1;
    uint8_t *window = malloc(size + 1);
    uint64_t rest;
    unsigned flags;
    struct err err;

    if (size > 0)
        memcpy(window, data, size);
    if (size > 1)
        repair(window + 1, size - 1);
    while (end < size || at < end) {
        struct cut_step step = {.tar = {.event = TAR_MORE}};

        if (at < end && cut_scan(cut, window + at, end - at, &step, &err) < 0)
            break;
        if (step.tar.event != TAR_MORE)
            at += step.tar.used;
        else if (end >= size)
            break;
        else
            end = end + piece < size ? end + piece : size;
        if (at > end || at - start > params.max ||
            (step.tar.event != TAR_MORE && step.tar.used == 0))
            abort();
        if (step.boundary)
            start = at;
        if (step.boundary && (data[0] & 3) == 3 && cut_skip(cut, &rest, &flags)) {
            at = rest < size - at ? at + (size_t)rest : size;
            end = at > end ? at : end;
            start = at;
        }
    }
    cut_finish(cut, &flags, &err);
    free(window);
    cut_destroy(cut);
    return 0;
}
