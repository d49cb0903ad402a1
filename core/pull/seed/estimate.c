/*
 * All rates are measured on common hosts and only need to be right within a factor of two: the
 * engine stops a scan that is too slow (estimate_lags).
 */
#include "pull/seed/estimate.h"

/* An export: the daemon writes the whole image into a file and then sends it. */
#define EXPORT_RATE 150e6
#define EXPORT_LEAD 0.3 /* seconds before the first byte */
/* A scan of layers: read, cut, compute names, write to the seed file. */
#define LAYERS_RATE 500e6
/* A daemon that loads an image. */
#define LOAD_RATE 250e6
/* Seconds before the speed of a scan is known. A slow disk slows the load as well, so the scan must
 * be slower than fetching by this factor. */
#define LAG      3.0
#define LAG_MORE 1.5
/* The share of the missing bytes that a seed probably holds. */
#define EXPECT_SAME_APP      0.8
#define EXPECT_SHARED_LAYERS 0.3
#define EXPECT_UNRELATED     0.05

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double expected_share(const struct seed_estimate *e)
{
    return e->same_app ? EXPECT_SAME_APP : e->shared ? EXPECT_SHARED_LAYERS : EXPECT_UNRELATED;
}

/* A scan of layers, the download and the daemon's load run at the same time: the slowest decides.
 * The daemon does not load while it exports. */
double estimate_gain(const struct seed_estimate *e)
{
    double load = (double)e->load / LOAD_RATE;
    double fetch = (double)e->missing / e->rate, rest = fetch * (1 - expected_share(e));
    double read = (double)e->seed_size / LAYERS_RATE;

    if (!e->direct)
        return fetch - rest - (EXPORT_LEAD + (double)e->seed_size / EXPORT_RATE);
    return larger(fetch, load) - larger(larger(read, rest), load);
}

bool estimate_pays(const struct seed_estimate *e)
{
    return e->direct ? estimate_gain(e) >= 0 : estimate_gain(e) > 0;
}

bool estimate_lags(const struct seed_estimate *e, double seconds, uint64_t read,
                   uint64_t open_packed, uint64_t open_raw)
{
    double fetch = larger((double)open_packed / e->rate, (double)open_raw / LOAD_RATE);
    double limit = LAG + LAG_MORE * fetch;

    if (seconds < LAG || read >= e->seed_size)
        return false;
    if (read == 0)
        return e->direct && seconds > limit;
    return (double)(e->seed_size - read) * seconds / (double)read > limit;
}
