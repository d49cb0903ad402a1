/*
 * The budget holds a quarter of a second at most: a transfer that has waited for its data does not
 * make up for it in a burst.
 */
#include "http/rate_limit.h"

#include "base/clock.h"

#define SHARE_MIN 1024 /* smaller pieces cost more than they are worth */

static int64_t most(const struct rate_limit *pace)
{
    return (int64_t)(pace->rate / 4) + 1;
}

void rate_limit_init(struct rate_limit *pace, uint64_t rate, int64_t now)
{
    *pace = (struct rate_limit){.rate = rate, .filled = now};
}

static void fill(struct rate_limit *pace, int64_t now)
{
    double more = (double)(now - pace->filled) / (double)NS_PER_S * (double)pace->rate;

    if (more < 1)
        return; /* the time is kept, for a rate of a few bytes a second */
    pace->filled = now;
    if (more > (double)(most(pace) - pace->budget))
        pace->budget = most(pace);
    else
        pace->budget += (int64_t)more;
}

size_t rate_limit_may(struct rate_limit *pace, size_t wanted, unsigned sharers, int64_t now)
{
    if (!pace->rate)
        return wanted;
    fill(pace, now);
    if (pace->budget <= 0)
        return 0;
    size_t share = (size_t)pace->budget / (sharers ? sharers : 1);
    if (share < SHARE_MIN)
        share = SHARE_MIN;
    return wanted < share ? wanted : share;
}

void rate_limit_moved(struct rate_limit *pace, size_t size)
{
    if (pace->rate)
        pace->budget -= (int64_t)size;
}
