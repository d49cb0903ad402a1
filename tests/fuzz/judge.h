/*
 * judge - passes a save stream in memory through the strict scanner and the checks of an image.
 */
#ifndef S3DOCK_TESTS_FUZZ_JUDGE_H
#define S3DOCK_TESTS_FUZZ_JUDGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/image/image.h"
#include "pack/tar/tar.h"

struct judged {
    struct image *image;
    const struct image_info *info; /* NULL: refused */
    struct err err;
};

/* Calls `see` (unless it is NULL) with each entry. */
static inline struct judged judge(const uint8_t *data, size_t size,
                                  void (*see)(const struct tar_entry *entry))
{
    struct judged judged = {.image = image_create()};
    struct tar *tar = tar_create();
    size_t at = 0;

    tar_strict(tar);
    while (at < size) {
        struct tar_step step;

        /* Without tar_normalize, the scanner does not modify the bytes. */
        if (tar_scan(tar, (uint8_t *)(uintptr_t)data + at, size - at, &step, &judged.err) < 0 ||
            step.event == TAR_MORE ||
            image_feed(judged.image, &step, tar_entry(tar), data + at, &judged.err) < 0)
            break;
        if (step.event == TAR_ENTRY && see)
            see(tar_entry(tar));
        at += step.used;
    }
    if (at == size && image_finish(judged.image, &judged.info, &judged.err) < 0)
        judged.info = NULL;
    tar_destroy(tar);
    return judged;
}

#endif
