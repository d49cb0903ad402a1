/*
 * meter - what has been done so far, how fast, and how long the rest will take.
 *
 * Bytes count when they are finished. Owned by the conductor; given the time.
 */
#ifndef S3DOCK_FLOW_METER_H
#define S3DOCK_FLOW_METER_H

#include <stdint.h>

#define METER_SAMPLES 16 /* one every METER_STEP: the rate is over the last 8 s */
#define METER_STEP    (INT64_C(500) * 1000000)

struct meter {
    int64_t started;
    uint64_t done, total; /* total 0: not known */
    int64_t sample_time[METER_SAMPLES];
    uint64_t sample_done[METER_SAMPLES];
    unsigned samples;
};

void meter_start(struct meter *meter, uint64_t total, int64_t now);
void meter_add(struct meter *meter, uint64_t bytes, int64_t now);
double meter_rate(const struct meter *meter, int64_t now);    /* bytes a second, lately */
double meter_average(const struct meter *meter, int64_t now); /* since the start */
/* Seconds left, or -1 when that cannot be said. */
double meter_left(const struct meter *meter, int64_t now);

#endif
