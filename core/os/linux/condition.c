/*
 * The attribute makes the deadline one of the monotonic clock, so that a change of the wall clock
 * does not change the wait.
 */
#include "os/condition.h"

#include <time.h>

#include "os/clock.h"

void os_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

void os_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
    struct timespec until = {.tv_sec = (time_t)(deadline / NS_PER_S),
                             .tv_nsec = (long)(deadline % NS_PER_S)};

    pthread_cond_timedwait(condition, mutex, &until);
}
