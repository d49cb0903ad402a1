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

#define S3_CLOCK_NEAR (24 * 3600 * NS_PER_S)

enum s3_clock_answer {
    S3_CLOCK_CLOSE,   /* at most S3_CLOCK_NEAR apart: sign with the store's time */
    S3_CLOCK_FAR,     /* the same, but the user must be told */
    S3_CLOCK_REFUSED, /* sign nothing with it */
};

/* `proven`: TLS has shown who the store is. A time before CLOCK_SOURCE is never believed. */
enum s3_clock_answer s3_clock_judge(int64_t ours, int64_t theirs, bool proven);
/* Says both times and what to do. Returns ERR_FAIL (auth.clock). */
int s3_clock_refuse(int64_t ours, int64_t theirs, bool proven, struct err *err);

#endif
