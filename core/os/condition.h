/*
 * condition - condition variables whose waits end at a time of the monotonic clock.
 */
#ifndef S3DOCK_OS_CONDITION_H
#define S3DOCK_OS_CONDITION_H

#include <pthread.h>
#include <stdint.h>

/* Initialises a condition for os_condition_wait. pthread_cond_destroy frees it. */
void os_condition_init(pthread_cond_t *condition);
/* Waits for a signal of the condition, at most until `deadline` (ns of CLOCK_MONOTONIC). The caller
 * holds the mutex, and checks what it waits for: it may be woken early. */
void os_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

#endif
