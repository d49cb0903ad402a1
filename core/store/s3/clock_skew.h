/*
 * clock_skew - whether a store's Date is believed against this machine's clock. Pure.
 *
 * A request that is signed for another day can be replayed on that day. So a correction has a
 * bound.
 */
#ifndef S3DOCK_STORE_S3_CLOCK_SKEW_H
#define S3DOCK_STORE_S3_CLOCK_SKEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct err;

#define CLOCK_SKEW_NEAR (24 * 3600 * NS_PER_S)

enum clock_skew_answer {
    CLOCK_SKEW_CLOSE,   /* at most CLOCK_SKEW_NEAR apart: sign with the store's time */
    CLOCK_SKEW_FAR,     /* the same, but the user must be told */
    CLOCK_SKEW_REFUSED, /* sign nothing with it */
};

/* `proven`: TLS has shown who the store is. A time before CLOCK_SOURCE is never believed. */
enum clock_skew_answer clock_skew_judge(int64_t ours, int64_t theirs, bool proven);
/* Says both times and what to do. Returns ERR_FAIL (auth.clock). */
int clock_skew_refuse(int64_t ours, int64_t theirs, bool proven, struct err *err);

#endif
