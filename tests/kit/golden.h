/*
 * golden - the recorded documents of the original, for tests.
 */
#ifndef S3DOCK_TESTS_KIT_GOLDEN_H
#define S3DOCK_TESTS_KIT_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"

/* Initialises `out` and reads tests/golden/documents/{name} into it. An error fails the test. If a
 * test runs outside of `meson test`, S3DOCK_TEST_DATA must name the folder tests/golden. */
static inline void golden_read(const char *name, struct text *out)
{
    const char *folder = getenv("S3DOCK_TEST_DATA");
    char path[4096];
    struct err err = {.text = "no such document"};

    text_init(out, 64 * KIB);
    snprintf(path, sizeof path, "%s/documents/%s", folder ? folder : "tests/golden", name);
    if (file_read(path, out, &err) != FILE_OK)
        fail_msg("%s: %s", path, err.text);
}

#endif
