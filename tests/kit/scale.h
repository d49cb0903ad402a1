/*
 * scale - runs engine tests at an eighth of the sizes. `mib` replaces MIB in images and
 * expectations, and the store's limits are smaller by the same factor. The full-size run of a
 * program (an argument) tests the real limits.
 */
#ifndef S3DOCK_KIT_SCALE_H
#define S3DOCK_KIT_SCALE_H

#include "base/bytes.h"
#include "store/store.h"

static size_t mib = MIB / 8;

static inline struct store_limits scaled_limits(void)
{
    struct store_limits limits = STORE_LIMITS;

    limits.part_least = 5 * mib;
    limits.part_size = 8 * mib;
    limits.run_least = mib;
    limits.copy_most = 64 * mib;
    limits.remote_step = 64 * mib;
    return limits;
}

#endif
