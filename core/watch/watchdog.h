/*
 * watchdog - decides whether a step may report that the service works: only inside of the limit of
 * the step. The service manager ends a service whose step hangs.
 */
#ifndef S3DOCK_WATCH_WATCHDOG_H
#define S3DOCK_WATCH_WATCHDOG_H

#include <stdint.h>

#include "transfer/transfer.h"
#include "watch/notify.h"

#define WATCHDOG_POLL  (2 * 60 * NS_PER_S)  /* of a poll */
#define WATCHDOG_STILL (5 * 60 * NS_PER_S)  /* of a transfer without progress */
#define WATCHDOG_LOAD  (30 * 60 * NS_PER_S) /* of the daemon that loads an image */

struct watchdog {
    struct notify *notify;
    int64_t until; /* ns of CLOCK_BOOTTIME */
    /* of the transfer */
    enum transfer_phase phase;
    uint64_t done, moved;
};

/* Starts a step that may take `limit` ns. */
void watchdog_begin(struct watchdog *watchdog, int64_t limit);
/* Reports, inside of the limit. `arg` is the watchdog. */
void watchdog_wake(void *arg);
/* The same for the progress of a transfer, which moves the limit. `arg` is the watchdog. */
void watchdog_transfer(void *arg, const struct transfer_progress *progress);

#endif
