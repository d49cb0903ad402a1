/* Smaller inputs for slow machinery: `./dev test` sets S3DOCK_TEST_SMALL under Valgrind. */
#ifndef S3DOCK_KIT_SMALL_H
#define S3DOCK_KIT_SMALL_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool test_is_small(void)
{
    return getenv("S3DOCK_TEST_SMALL") != NULL;
}

#endif
