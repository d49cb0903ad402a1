/*
 * POSIX does not list setitimer as async-signal-safe, but it is a plain system call everywhere.
 */
#include "os/clock.h"

#include <stddef.h>
#include <sys/time.h>

#define NS_PER_US 1000

void os_alarm(int64_t ns)
{
    struct itimerval after = {.it_value = {.tv_sec = (time_t)(ns / NS_PER_S),
                                           .tv_usec = (int)(ns % NS_PER_S / NS_PER_US)}};

    setitimer(ITIMER_REAL, &after, NULL);
}
