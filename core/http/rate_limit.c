/*
 * The budget is limited to a quarter of a second, so that a transfer does not send a burst after a
 * wait.
 */
#include "http/rate_limit.h"

#include "base/clock.h"

#define SHARE_MIN 1024 /* smaller pieces have too much overhead */

static int64_t most(const struct rate_limit *limit)
{
    return (int64_t)(limit->rate / 4) + 1;
}

void rate_limit_init(struct rate_limit *limit, uint64_t rate, int64_t now)
{
    *limit = (struct rate_limit){.rate = rate, .filled = now};
}

static void fill(struct rate_limit *limit, int64_t now)
{
    double more = (double)(now - limit->filled) / (double)NS_PER_S * (double)limit->rate;

    if (more < 1)
        return; /* the time adds up, for a rate of a few bytes a second */
    limit->filled = now;
    if (more > (double)(most(limit) - limit->budget))
        limit->budget = most(limit);
    else
        limit->budget += (int64_t)more;
}

size_t rate_limit_may(struct rate_limit *limit, size_t wanted, unsigned sharers, int64_t now)
{
    size_t share;

    if (!limit->rate)
        return wanted;
    fill(limit, now);
    if (limit->budget <= 0)
        return 0;
    share = (size_t)limit->budget / (sharers ? sharers : 1);
    if (share < SHARE_MIN)
        share = SHARE_MIN;
    return wanted < share ? wanted : share;
}

void rate_limit_moved(struct rate_limit *limit, size_t size)
{
    if (limit->rate)
        limit->budget -= (int64_t)size;
}
