#include "pull/seed_monitor.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "flow/cancel.h"
#include "pull/seed/scan.h"

struct seed_monitor {
    const struct prepare *from;
    struct seed_scan *harvest;
    int64_t began, next_look;
    uint32_t settled;
    uint64_t told; /* bytes read, as far as they were told */
    bool left;     /* it was given up */
    bool over;     /* the harvest has ended */
};

struct seed_monitor *seed_monitor_start(const struct prepare *from, struct inbox *home,
                                        int kind_moved, int kind_done)
{
    const struct delta *delta = from->delta;
    struct seed_scan_options options = {.source = delta->donor_source,
                                        .params = from->bundling->index->params,
                                        .file_min = from->bundling->index->file_min,
                                        .wanted = from->wanted,
                                        .leave = prepare_leave(from),
                                        .home = home,
                                        .kind_moved = kind_moved,
                                        .kind_done = kind_done};
    struct seed_monitor *glean = calloc(1, sizeof *glean);
    struct err err;

    if (!glean) {
        err_memory(&err, "the search");
    } else {
        glean->from = from;
        glean->began = clock_monotonic();
        glean->harvest = seed_scan_create(&options, &err);
        if (glean->harvest)
            return glean;
    }
    log_info("%s: %s", delta->donor->name, err.text);
    free(glean);
    return NULL;
}

void seed_monitor_destroy(struct seed_monitor *glean)
{
    if (!glean)
        return;
    seed_scan_destroy(glean->harvest);
    free(glean);
}

static double seconds_of(const struct seed_monitor *glean)
{
    return (double)(clock_monotonic() - glean->began) / (double)NS_PER_S;
}

/* ---- how far it is ---- */

void seed_monitor_moved(struct seed_monitor *glean)
{
    glean->settled = seed_scan_front(glean->harvest);
}

void seed_monitor_done(struct seed_monitor *glean)
{
    struct pull_result *result = glean->from->result;
    const char *donor = glean->from->delta->donor->name;
    uint64_t missing = bundle_plan_missing(glean->from->bundling);
    uint64_t found = result->to_fetch - missing;
    struct err err;

    glean->over = true;
    glean->settled = glean->from->wanted->count;
    if (seed_scan_result(glean->harvest, &err))
        log_info("%s: %s", donor, err.text);
    log_info("%s held %.1f of %.1f MB that were missing; looking took %.1f s", donor,
             (double)found / 1e6, (double)result->to_fetch / 1e6, seconds_of(glean));
    result->stats.reused_bytes += found;
    result->to_fetch = missing;
}

bool seed_monitor_is_over(const struct seed_monitor *glean)
{
    return glean->over;
}

uint32_t seed_monitor_settled(const struct seed_monitor *glean)
{
    return glean->settled;
}

uint64_t seed_monitor_progress(struct seed_monitor *glean)
{
    uint64_t read = seed_scan_read(glean->harvest), more = read - glean->told;

    glean->told = read;
    return more;
}

/* ---- whether it goes on ---- */

static bool lags(const struct seed_monitor *glean)
{
    const struct needed_chunks *wanted = glean->from->wanted;
    uint64_t packed = 0, raw = 0;

    for (uint32_t i = glean->settled; i < wanted->count; i++) {
        packed += wanted->chunks[i].chunk.packed_size;
        raw += wanted->chunks[i].chunk.raw_size;
    }
    return packed && harvest_lags(&glean->from->delta->estimate, seconds_of(glean),
                                  seed_scan_read(glean->harvest), packed, raw);
}

void seed_monitor_check(struct seed_monitor *glean)
{
    int64_t now = clock_monotonic();

    if (glean->left || glean->from->options->reuse != REUSE_AUTO || now < glean->next_look)
        return;
    glean->next_look = now + CANCEL_TICK;
    if (!lags(glean))
        return;
    log_info("reading %s is slow: the rest is fetched", glean->from->delta->donor->name);
    glean->left = true;
    seed_monitor_stop(glean);
}

void seed_monitor_stop(struct seed_monitor *glean)
{
    seed_scan_stop(glean->harvest);
}
