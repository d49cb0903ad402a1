/*
 * CLOCK_MONOTONIC of macOS continues while the machine is suspended. nanosleep does not, and there
 * is no sleep until a time, so a long sleep is a series of short ones.
 */
#include "os/clock.h"

#include <time.h>

int64_t os_clock_boot(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

void os_sleep_until_boot(int64_t time)
{
    int64_t left;
    int failed = 0;

    while (failed == 0 && (left = time - os_clock_boot()) > 0) {
        struct timespec nap = {.tv_sec = 1};

        if (left < NS_PER_S)
            nap = (struct timespec){.tv_nsec = (long)left};
        failed = nanosleep(&nap, NULL);
    }
}
