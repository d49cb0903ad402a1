/*
 * A transfer calls watchdog_transfer about ten times a second, whether bytes move or not. Only
 * bytes and new phases move its limit.
 */
#include "watch/watchdog.h"

void watchdog_begin(struct watchdog *watchdog, int64_t limit)
{
    int64_t now = clock_boot();

    watchdog->until = now + limit;
    watchdog->done = watchdog->moved = 0;
    watchdog->phase = PHASE_PREPARE;
    notify_alive(watchdog->notify, now);
}

void watchdog_wake(void *arg)
{
    struct watchdog *watchdog = arg;
    int64_t now = clock_boot();

    if (now < watchdog->until)
        notify_alive(watchdog->notify, now);
}

void watchdog_transfer(void *arg, const struct transfer_progress *progress)
{
    struct watchdog *watchdog = arg;
    bool loads = progress->phase == PHASE_LOAD;

    if (progress->phase != watchdog->phase)
        watchdog->until = clock_boot() + (loads ? WATCHDOG_LOAD : WATCHDOG_STILL);
    else if (!loads && (progress->done != watchdog->done || progress->moved != watchdog->moved))
        watchdog->until = clock_boot() + WATCHDOG_STILL;
    watchdog->phase = progress->phase;
    watchdog->done = progress->done;
    watchdog->moved = progress->moved;
    watchdog_wake(watchdog);
}
