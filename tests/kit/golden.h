/*
 * golden - the recorded documents of the original, for tests.
 */
#ifndef S3DOCK_TESTS_KIT_GOLDEN_H
#define S3DOCK_TESTS_KIT_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"

/* Initialises `out` and reads tests/golden/{path} into it. An error fails the test. If a test runs
 * outside of `meson test`, S3DOCK_TEST_DATA must name the folder tests/golden. */
static inline void golden_read_file(const char *path, struct text *out)
{
    const char *folder = getenv("S3DOCK_TEST_DATA");
    char whole[4096];
    struct err err = {.text = "no such document"};

    text_init(out, 64 * KIB);
    snprintf(whole, sizeof whole, "%s/%s", folder ? folder : "tests/golden", path);
    if (file_read(whole, out, &err) != FILE_OK)
        fail_msg("%s: %s", whole, err.text);
}

/* The same for tests/golden/documents/{name}. */
static inline void golden_read(const char *name, struct text *out)
{
    char path[256];

    snprintf(path, sizeof path, "documents/%s", name);
    golden_read_file(path, out);
}

#endif
