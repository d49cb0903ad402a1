/*
 * cancel - one flag that says "stop". Set from anywhere (a signal handler too), looked at by
 * everybody who waits: no wait in s3dock is longer than CANCEL_TICK without a look.
 */
#ifndef S3DOCK_FLOW_CANCEL_H
#define S3DOCK_FLOW_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

struct err;

#define CANCEL_TICK (100 * NS_PER_MS)

struct cancel {
    atomic_int signal; /* 0, or the signal number that asked */
};

void cancel_init(struct cancel *cancel);
/* Async-signal-safe. The first one stays; 0 counts as SIGINT. */
void cancel_request(struct cancel *cancel, int signal);
bool cancel_requested(const struct cancel *cancel); /* takes NULL: never */
/* 0 while nobody asked; otherwise fills `err` (ERR_CANCELLED, "interrupted by SIGTERM"). */
int cancel_check(const struct cancel *cancel, struct err *err);

#endif
