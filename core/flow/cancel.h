/*
 * cancel - a flag that makes the program stop. Any thread and any signal handler may set it. Every
 * wait of s3dock checks it at least once each CANCEL_TICK.
 */
#ifndef S3DOCK_FLOW_CANCEL_H
#define S3DOCK_FLOW_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

struct err;

#define CANCEL_TICK (100 * NS_PER_MS)

struct cancel {
    atomic_int signal; /* 0, or the number of the first signal */
};

void cancel_init(struct cancel *cancel);
/* Sets the flag. Async-signal-safe. The first signal is kept; 0 counts as SIGINT. */
void cancel_request(struct cancel *cancel, int signal);
bool cancel_requested(const struct cancel *cancel); /* NULL: false */
/* Returns 0 if the flag is not set, else cancelled.signal, "interrupted by SIGTERM". */
int cancel_check(const struct cancel *cancel, struct err *err);

#endif
