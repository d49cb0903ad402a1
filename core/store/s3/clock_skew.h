/*
 * clock_skew - decides whether to trust a store's Date or this machine's clock. Pure.
 *
 * A request that is signed for another day can be replayed on that day. So the correction is
 * limited.
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
    CLOCK_SKEW_FAR,     /* the same, with a note to the user */
    CLOCK_SKEW_REFUSED, /* sign nothing with it */
};

/* `proven`: TLS has authenticated the store. A time before CLOCK_SOURCE is never trusted. */
enum clock_skew_answer clock_skew_judge(int64_t ours, int64_t theirs, bool proven);
/* Sets auth.clock with both times and a hint. Returns ERR_FAIL. */
int clock_skew_refuse(int64_t ours, int64_t theirs, bool proven, struct err *err);

#endif
