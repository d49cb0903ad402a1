/*
 * clock - time that continues while the machine is suspended, and an alarm.
 *
 * All times are in ns.
 */
#ifndef S3DOCK_OS_CLOCK_H
#define S3DOCK_OS_CLOCK_H

#include <stdint.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* Returns the time since the start of the machine. */
int64_t os_clock_boot(void);
/* Sleeps until that time. A signal ends the sleep, too. */
void os_sleep_until_boot(int64_t time);

/* Sends SIGALRM to this process after that time. Async-signal-safe. */
void os_alarm(int64_t ns);

#endif
