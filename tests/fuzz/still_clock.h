/*
 * still_clock - the clock of an aws_system that never moves. No wait takes time.
 */
#ifndef S3DOCK_TESTS_FUZZ_STILL_CLOCK_H
#define S3DOCK_TESTS_FUZZ_STILL_CLOCK_H

#include <stdint.h>

#include "base/clock.h"

struct err;

#define STILL_NOW (INT64_C(1772359200) * NS_PER_S) /* 2026-03-01 10:00 UTC */

static inline int64_t still_now(void *arg)
{
    (void)arg;
    return STILL_NOW;
}

static inline int still_wait(void *arg, int64_t ns, struct err *err)
{
    (void)arg, (void)ns, (void)err;
    return 0;
}

#endif
