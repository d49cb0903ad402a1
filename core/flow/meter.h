/*
 * meter - measures the progress of a transfer: bytes, rate, time left.
 *
 * A byte counts when its work is finished. The engine owns the meter and passes the current time
 * (clock_monotonic).
 */
#ifndef S3DOCK_FLOW_METER_H
#define S3DOCK_FLOW_METER_H

#include <stdint.h>

#include "base/clock.h"

#define METER_SAMPLES 16 /* one every METER_STEP: the last 8 s */
#define METER_STEP    (500 * NS_PER_MS)

struct meter {
    uint64_t done, total; /* total 0: not known */
    int64_t sample_time[METER_SAMPLES];
    uint64_t sample_done[METER_SAMPLES];
    unsigned samples;
};

void meter_start(struct meter *meter, uint64_t total, int64_t now);
void meter_add(struct meter *meter, uint64_t bytes, int64_t now);
/* Returns the bytes a second of the last METER_SAMPLES steps. */
double meter_rate(const struct meter *meter, int64_t now);
/* Returns the seconds left, or -1 if they are not known. */
double meter_left(const struct meter *meter, int64_t now);

#endif
