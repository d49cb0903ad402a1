/*
 * seed_monitor - controls the seed scan for the engine: progress, statistics, and an early stop if
 * the scan is slower than downloading.
 */
#ifndef S3DOCK_PULL_SEED_MONITOR_H
#define S3DOCK_PULL_SEED_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/inbox.h"
#include "pull/bundle_plan.h"
#include "pull/seed/seed_choice.h"

struct seed_monitor_options {
    const struct seed_choice *seed;   /* with an image */
    const struct bundle_plan *bundle; /* whose needed chunks the scan looks for */
    uint64_t leave;                   /* bytes of the disk that the scan must leave free */
    bool stops_slow_scan;
    struct inbox *inbox;
    int kind_moved, kind_done; /* of the messages that the scan posts (scan.h) */
};

/* Used by the engine's thread only. */
struct seed_monitor;
/* Starts the scan. Borrows the objects of the options. NULL: the scan could not start, and the
 * reason was logged; the pull then fetches all missing chunks. */
struct seed_monitor *seed_monitor_start(const struct seed_monitor_options *options);
/* Waits for the end of the scan. Takes NULL. */
void seed_monitor_destroy(struct seed_monitor *monitor);

/* Call this for each message of kind_moved: the watermark of the scan has moved. */
void seed_monitor_moved(struct seed_monitor *monitor);
/* Call this for the message of kind_done: logs the result of the scan. */
void seed_monitor_done(struct seed_monitor *monitor);
/* Returns true after seed_monitor_done: the scan posts no more messages. */
bool seed_monitor_is_over(const struct seed_monitor *monitor);
/* Returns how many needed chunks, from the first on, the scan has found or will not find. */
uint32_t seed_monitor_settled(const struct seed_monitor *monitor);
/* Returns the bytes of the seed that were read since the last call. */
uint64_t seed_monitor_progress(struct seed_monitor *monitor);
/* Returns the packed bytes that need not be fetched, because the scan found them; 0 before
 * seed_monitor_done. */
uint64_t seed_monitor_found(const struct seed_monitor *monitor);

/* Stops a scan that takes longer than fetching would (a cold or busy disk). May be called at any
 * rate: checks ten times a second at most. */
void seed_monitor_check(struct seed_monitor *monitor);
void seed_monitor_stop(struct seed_monitor *monitor); /* asks the scan to end early */

#endif
