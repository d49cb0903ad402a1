/*
 * estimate - the time that a seed scan saves or costs. Arithmetic only.
 */
#ifndef S3DOCK_PULL_SEED_ESTIMATE_H
#define S3DOCK_PULL_SEED_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

struct seed_estimate {
    uint64_t missing;   /* packed bytes to fetch without the scan */
    uint64_t load;      /* raw bytes that the daemon loads in any case */
    uint64_t seed_size; /* raw bytes of the seed that are read or exported */
    bool direct;        /* the scan reads layers and needs no export (seed.h) */
    bool same_app;      /* the seed is an image of the same application */
    unsigned shared;    /* layers that the seed and the image have in common */
    double rate;        /* of the link, bytes a second */
};

/* Returns the seconds that the scan saves; negative: the seconds that it costs. */
double estimate_gain(const struct seed_estimate *estimate);
/* Returns true if a scan is useful. A scan of layers is useful even if it saves no time, because
 * fewer bytes cross the link. An export must save time. */
bool estimate_pays(const struct seed_estimate *estimate);
/* Returns true if a running scan is too slow: after `seconds` it has read `read` bytes of the seed,
 * and fetching and loading the unsettled chunks (packed and raw bytes) is much faster than reading
 * the rest of the seed. */
bool estimate_lags(const struct seed_estimate *estimate, double seconds, uint64_t read,
                   uint64_t open_packed, uint64_t open_raw);

#endif
