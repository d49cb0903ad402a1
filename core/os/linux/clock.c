/*
 * CLOCK_BOOTTIME is CLOCK_MONOTONIC with the time of suspension.
 */
#include "os/clock.h"

#include <time.h>

int64_t os_clock_boot(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

void os_sleep_until_boot(int64_t time)
{
    struct timespec at = {.tv_sec = (time_t)(time / NS_PER_S), .tv_nsec = time % NS_PER_S};

    clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL);
}
