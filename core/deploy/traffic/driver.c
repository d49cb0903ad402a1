/*
 * The parts that all drivers share.
 */
#include "deploy/traffic/driver.h"

#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "deploy/traffic/connections.h"
#include "flow/cancel.h"

int64_t traffic_deadline(const struct traffic *traffic)
{
    return clock_monotonic() + traffic->context.limit;
}

int traffic_pause(const struct traffic *traffic, int64_t time, struct err *err)
{
    int64_t end = clock_monotonic() + time, left;

    while (cancel_check(traffic->context.cancel, err) == 0) {
        left = end - clock_monotonic();
        if (left <= 0)
            return 0;
        if (left > CANCEL_TICK)
            left = CANCEL_TICK;
        nanosleep(&(struct timespec){.tv_nsec = (long)left}, NULL);
    }
    return ERR_FAIL;
}

int traffic_connections(const struct traffic_target *target, int64_t *count)
{
    return connections_count(target->pid, target->port, count) ? TRAFFIC_OK : TRAFFIC_UNKNOWN;
}
