/*
 * A condition of macOS has no clock of its own: pthread_cond_timedwait takes a time of the wall
 * clock. Its relative form takes a duration, which a change of the wall clock does not change. The
 * duration stops while the machine is suspended, so a wait lasts at most a second: the caller reads
 * the clock, and waits again.
 */
#include "os/condition.h"

#include <time.h>

#include "os/clock.h"

void os_condition_init(pthread_cond_t *condition)
{
    pthread_cond_init(condition, NULL);
}

void os_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
    struct timespec now, wait = {.tv_sec = 1};
    int64_t left;

    clock_gettime(CLOCK_MONOTONIC, &now);
    left = deadline - ((int64_t)now.tv_sec * NS_PER_S + now.tv_nsec);
    if (left < NS_PER_S)
        wait = (struct timespec){.tv_nsec = (long)(left > 0 ? left : 0)};
    pthread_cond_timedwait_relative_np(condition, mutex, &wait);
}
