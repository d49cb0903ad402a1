/*
 * The least rate of a body is a small part of the link's best rate, because many requests share the
 * link, and not evenly.
 */
#include "http/stall.h"

#include "base/clock.h"

#define SHARES     256 /* of the link's best rate */
#define SINK_AFTER 5   /* windows */
#define RATE_PARTS 32  /* requests that may share a limited rate */

void stall_measure(struct stall_link *link, uint64_t moved, int64_t window, int64_t now)
{
    int64_t least = window / 2 < NS_PER_S ? window / 2 : NS_PER_S;
    int64_t time = now - link->since;
    uint64_t rate;

    if (link->since && time < least)
        return;
    if (link->since && now - link->sank >= SINK_AFTER * window) {
        link->best /= 2;
        link->sank = now;
    }
    rate = (uint64_t)((double)(moved - link->moved) / (double)time * (double)NS_PER_S);
    if (!link->since || rate >= link->best) {
        link->best = link->since ? rate : 0;
        link->sank = now;
    }
    link->since = now;
    link->moved = moved;
}

uint64_t stall_floor(const struct stall_link *link)
{
    uint64_t floor = link->best / SHARES;

    return floor < STALL_FLOOR_MAX ? floor : STALL_FLOOR_MAX;
}

bool stall_is(struct stall_watch *watch, uint64_t moved, uint64_t floor, int64_t window,
              int64_t now)
{
    uint64_t before = watch->moved;
    int64_t time = now - watch->since;
    bool begins = watch->since == 0;

    if (!begins && time < window)
        return false;
    *watch = (struct stall_watch){.since = now, .moved = moved};
    return !begins && (double)(moved - before) < (double)floor * (double)time / (double)NS_PER_S;
}

int64_t stall_longest(uint64_t size, uint64_t rate, int64_t window)
{
    uint64_t least = rate && rate / RATE_PARTS < STALL_LEAST ? rate / RATE_PARTS + 1 : STALL_LEAST;

    return STALL_WINDOWS * window + (int64_t)(size / least) * NS_PER_S;
}
