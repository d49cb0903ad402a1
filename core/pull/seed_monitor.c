/*
 * The scan runs in a thread of its own (scan). The monitor reads its progress, and compares that
 * with the estimate of the link.
 */
#include "pull/seed_monitor.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "flow/cancel.h"
#include "pull/seed/scan.h"

struct seed_monitor {
    struct seed_monitor_options options;
    struct seed_scan *scan;
    int64_t began, next_check;
    uint64_t missing; /* packed bytes to fetch, before the scan */
    uint64_t found;   /* of them: bytes that the scan has found */
    uint32_t settled;
    uint64_t reported; /* bytes read, as of the last call of seed_monitor_progress */
    bool given_up;     /* the scan was too slow */
    bool over;         /* the scan has ended */
};

static struct seed_scan *start_scan(const struct seed_monitor_options *o, struct err *err)
{
    return seed_scan_create(&(struct seed_scan_options){.source = o->seed->source,
                                                        .params = o->bundle->index->params,
                                                        .needed = o->bundle->needed,
                                                        .leave = o->leave,
                                                        .inbox = o->inbox,
                                                        .kind_moved = o->kind_moved,
                                                        .kind_done = o->kind_done},
                            err);
}

struct seed_monitor *seed_monitor_start(const struct seed_monitor_options *options)
{
    struct seed_monitor *monitor = calloc(1, sizeof *monitor);
    struct err err;

    if (monitor) {
        monitor->options = *options;
        monitor->missing = bundle_plan_missing(options->bundle);
        monitor->began = clock_monotonic();
        monitor->scan = start_scan(options, &err);
        if (monitor->scan)
            return monitor;
    } else {
        err_memory(&err, "the seed scan");
    }
    log_info("%s: %s", options->seed->image->name, err.text);
    free(monitor);
    return NULL;
}

void seed_monitor_destroy(struct seed_monitor *monitor)
{
    if (!monitor)
        return;
    seed_scan_destroy(monitor->scan);
    free(monitor);
}

static double seconds_of(const struct seed_monitor *monitor)
{
    return (double)(clock_monotonic() - monitor->began) / (double)NS_PER_S;
}

/* ---- progress ---- */

void seed_monitor_moved(struct seed_monitor *monitor)
{
    monitor->settled = seed_scan_settled(monitor->scan);
}

void seed_monitor_done(struct seed_monitor *monitor)
{
    const struct bundle_plan *bundle = monitor->options.bundle;
    const char *name = monitor->options.seed->image->name;
    struct err err;

    monitor->over = true;
    monitor->settled = bundle->needed->count;
    monitor->found = monitor->missing - bundle_plan_missing(bundle);
    if (seed_scan_result(monitor->scan, &err))
        log_info("%s: %s", name, err.text);
    log_info("%s held %.1f of %.1f MB that were missing; the scan took %.1f s", name,
             (double)monitor->found / 1e6, (double)monitor->missing / 1e6, seconds_of(monitor));
}

bool seed_monitor_is_over(const struct seed_monitor *monitor)
{
    return monitor->over;
}

uint32_t seed_monitor_settled(const struct seed_monitor *monitor)
{
    return monitor->settled;
}

uint64_t seed_monitor_found(const struct seed_monitor *monitor)
{
    return monitor->found;
}

uint64_t seed_monitor_progress(struct seed_monitor *monitor)
{
    uint64_t read = seed_scan_read(monitor->scan), more = read - monitor->reported;

    monitor->reported = read;
    return more;
}

/* ---- an early stop ---- */

static bool is_slow(const struct seed_monitor *monitor)
{
    const struct needed_chunks *needed = monitor->options.bundle->needed;
    uint64_t packed = 0, raw = 0;

    for (uint32_t i = monitor->settled; i < needed->count; i++) {
        packed += needed->chunks[i].chunk.packed_size;
        raw += needed->chunks[i].chunk.raw_size;
    }
    return packed && estimate_lags(&monitor->options.seed->estimate, seconds_of(monitor),
                                   seed_scan_read(monitor->scan), packed, raw);
}

void seed_monitor_check(struct seed_monitor *monitor)
{
    int64_t now = clock_monotonic();

    if (monitor->given_up || !monitor->options.stops_slow_scan || now < monitor->next_check)
        return;
    monitor->next_check = now + CANCEL_TICK;
    if (!is_slow(monitor))
        return;
    log_info("reading %s is slow: fetching the rest", monitor->options.seed->image->name);
    monitor->given_up = true;
    seed_monitor_stop(monitor);
}

void seed_monitor_stop(struct seed_monitor *monitor)
{
    seed_scan_stop(monitor->scan);
}
