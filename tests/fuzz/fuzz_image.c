/* Any bytes as a save stream, up to the judgement. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/image.h"
#include "pack/tar.h"

#include "repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tar *tar = tar_create();
    struct image *image = image_create();
    const struct image_info *info;
    uint8_t *window = malloc(size + 1);
    struct err err;
    size_t at = 0;

    if (size > 0)
        memcpy(window, data, size);
    repair(window, size);
    while (at < size) {
        struct tar_step step;

        if (tar_scan(tar, window + at, size - at, &step, &err) < 0 || step.event == TAR_MORE ||
            image_feed(image, &step, tar_entry(tar), window + at, &err) < 0)
            break;
        at += step.used;
    }
    if (image_finish(image, &info, &err) == 0)
        image_config(image);
    free(window);
    image_destroy(image);
    tar_destroy(tar);
    return 0;
}
