/*
 * A ring of samples, at most one every METER_STEP. The rate is measured from the oldest sample
 * inside the window. After a stall longer than the window it is measured from the newest sample, so
 * that it falls towards zero while nothing arrives.
 */
#include "flow/meter.h"

#include "base/clock.h"

#define WINDOW (METER_SAMPLES * METER_STEP)

static void take_sample(struct meter *meter, int64_t now)
{
    unsigned place = meter->samples % METER_SAMPLES;

    meter->sample_time[place] = now;
    meter->sample_done[place] = meter->done;
    meter->samples++;
}

void meter_start(struct meter *meter, uint64_t total, int64_t now)
{
    *meter = (struct meter){.total = total};
    take_sample(meter, now);
}

void meter_add(struct meter *meter, uint64_t bytes, int64_t now)
{
    unsigned newest = (meter->samples - 1) % METER_SAMPLES;

    meter->done += bytes;
    if (now - meter->sample_time[newest] >= METER_STEP)
        take_sample(meter, now);
}

static double per_second(uint64_t bytes, int64_t duration)
{
    return duration > 0 ? (double)bytes * (double)NS_PER_S / (double)duration : 0;
}

double meter_rate(const struct meter *meter, int64_t now)
{
    unsigned kept = meter->samples < METER_SAMPLES ? meter->samples : METER_SAMPLES;
    unsigned place = (meter->samples - kept) % METER_SAMPLES;

    while (kept-- > 1 && now - meter->sample_time[place] > WINDOW)
        place = (place + 1) % METER_SAMPLES;
    return per_second(meter->done - meter->sample_done[place], now - meter->sample_time[place]);
}

double meter_left(const struct meter *meter, int64_t now)
{
    double rate = meter_rate(meter, now);

    if (meter->total == 0 || meter->done > meter->total)
        return -1;
    if (meter->done == meter->total)
        return 0;
    return rate > 0 ? (double)(meter->total - meter->done) / rate : -1;
}
