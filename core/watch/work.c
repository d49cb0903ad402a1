/*
 * The pull comes first, so that only the switch waits for the splay. A pull that took long is
 * followed by a poll before the switch: the newest image is used. Failures of bucket, daemon, disk,
 * proxy and hooks are tried again without a limit; an image that failed is not.
 */
#include "watch/work.h"

#include <string.h>

#include "base/codes.h"
#include "deploy/deploy_result.h"

#define LONG_PULL NS_PER_S

static void work_failed(const struct watch *watch, struct watch_entry *entry,
                        const struct err *failure)
{
    enum schedule_trouble trouble = schedule_trouble_of(failure);

    if (failure->family == ERR_CANCELLED)
        return;
    schedule_failure(&entry->work, trouble, 0, entry_now(watch), entry_random(watch));
    entry->state = trouble == SCHEDULE_DISK ? WATCH_BLOCKED : WATCH_TROUBLE;
    entry_report_failure(watch, entry, entry->working, failure);
}

/* Returns whether the environment was set again to the image that was reported last. */
static bool is_known(const struct watch *watch, const struct watch_entry *entry)
{
    return !watch->host->deploy && entry_serves_wanted(entry) &&
           strcmp(entry->served_id, entry->pulled_id) == 0;
}

/* A full disk is no failure yet: the deployment makes room before it pulls. */
static int run_pull(const struct watch *watch, struct watch_entry *entry, struct err *err)
{
    const struct watch_host *host = watch->host;
    int64_t began = entry_now(watch);
    struct err failure;

    if (host->pull(host->arg, entry_index(watch, entry), &entry->wanted, entry->pulled_id,
                   &failure)) {
        if (!host->deploy || schedule_trouble_of(&failure) != SCHEDULE_DISK) {
            work_failed(watch, entry, &failure);
            return 0;
        }
    } else if (is_known(watch, entry)) {
        entry_settle(entry, WATCH_CURRENT);
        return 0;
    } else if (entry_report(watch, entry, "pulled", entry_wanted_ref(entry), entry->served, NULL,
                            err)) {
        return ERR_FAIL;
    }
    entry->pulled = true;
    entry->work.due = entry_now(watch);
    if (entry_now(watch) - began >= LONG_PULL)
        entry->poll.due = entry->work.due;
    return 0;
}

static int run_hook(const struct watch *watch, struct watch_entry *entry)
{
    const struct watch_host *host = watch->host;
    struct err failure;

    if (host->hook && host->hook(host->arg, entry_index(watch, entry), &entry->wanted, &failure)) {
        work_failed(watch, entry, &failure);
        return 0;
    }
    entry_set_served(watch, entry, entry_wanted_ref(entry));
    str_copy(entry->served_id, sizeof entry->served_id, entry->pulled_id);
    entry_settle(entry, WATCH_CURRENT);
    return 0;
}

static void count_run(const struct watch *watch, struct watch_entry *entry, enum metrics_run run,
                      const struct deploy_result *result, int64_t began)
{
    entry->metrics.runs[run]++;
    entry->metrics.last_duration = (double)(entry_now(watch) - began) / (double)NS_PER_S;
    entry->metrics.gap = 0;
    for (unsigned i = 0; i < result->unit_count; i++)
        if (result->units[i].gap_seconds > entry->metrics.gap)
            entry->metrics.gap = result->units[i].gap_seconds;
}

static int deploy_succeeded(const struct watch *watch, struct watch_entry *entry,
                            const struct deploy_result *result, int64_t began, struct err *err)
{
    char before[NAME_REF_MAX];

    str_copy(before, sizeof before, entry->served);
    entry_set_served(watch, entry, result->image_ref);
    if (result->outcome == DEPLOY_DEPLOYED) {
        count_run(watch, entry, METRICS_DEPLOYED, result, began);
        entry->metrics.since = entry_wall(watch);
    }
    entry->unrecorded = false;
    entry_report_recovery(watch, entry, entry->working, "the deployment has succeeded");
    entry_settle(entry, result->outcome == DEPLOY_HELD ? WATCH_HELD : WATCH_CURRENT);
    return result->outcome == DEPLOY_UNCHANGED
               ? 0
               : entry_report_of(watch, entry, deploy_outcome_name(result->outcome), before,
                                 result->pointer_etag, err);
}

/* An image that failed is not tried again before the pointer or the spec changes. A hook, a proxy
 * or a port that is taken may work the next time. Returns whether the failure is a new one. */
static bool settle_failure(const struct watch *watch, struct watch_entry *entry, bool remembered,
                           const struct err *failure)
{
    enum watch_state state = failure->family == ERR_DOWN ? WATCH_DOWN : WATCH_FAILED;
    char before[sizeof entry->working];

    if (remembered) {
        watch->host->warn(watch->host->arg, entry_index(watch, entry), failure);
        entry_settle(entry, state);
        return true;
    }
    str_copy(before, sizeof before, entry->working);
    entry_report_failure(watch, entry, entry->working, failure);
    entry->state = state;
    schedule_failure(&entry->work, SCHEDULE_PASSING, 0, entry_now(watch), entry_random(watch));
    return strcmp(before, entry->working) != 0;
}

static int candidate_failed(const struct watch *watch, struct watch_entry *entry,
                            const struct deploy_result *result, const struct err *failure,
                            int64_t began, struct err *err)
{
    bool down = failure->family == ERR_DOWN, back = result->outcome == DEPLOY_ROLLED_BACK;

    count_run(watch, entry,
              down   ? METRICS_DOWN
              : back ? METRICS_ROLLED_BACK
                     : METRICS_RUN_FAILED,
              result, began);
    if (!settle_failure(watch, entry, result->remembered, failure))
        return 0;
    return entry_report(watch, entry,
                        down   ? "down"
                        : back ? "rolled_back"
                               : "failed",
                        entry_wanted_ref(entry), entry->served, failure, err);
}

static int deploy_refused(const struct watch *watch, struct watch_entry *entry,
                          const struct err *failure, struct err *err)
{
    bool was_held = entry->state == WATCH_HELD, down = entry->state == WATCH_DOWN;

    if (err_is(failure, ERR_CONFLICT, CODE_FAILED)) {
        entry_settle(entry, down ? WATCH_DOWN : WATCH_FAILED);
        return 0;
    }
    if (err_is(failure, ERR_CONFLICT, CODE_HOLD)) {
        entry_settle(entry, down ? WATCH_DOWN : WATCH_HELD);
        return was_held || down ? 0
                                : entry_report(watch, entry, "held", entry_wanted_ref(entry),
                                               entry->served, NULL, err);
    }
    /* Another run has the lock. */
    schedule_success(&entry->work, entry_now(watch), entry_random(watch));
    entry_report_failure(watch, entry, entry->working, failure);
    return 0;
}

static int run_deploy(const struct watch *watch, struct watch_entry *entry, struct err *err)
{
    const struct watch_host *host = watch->host;
    int64_t began = entry_now(watch);
    struct deploy_result result;
    struct err failure;
    int failed;

    deploy_result_init(&result);
    if (!host->deploy(host->arg, entry_index(watch, entry), &result, &failure)) {
        failed = deploy_succeeded(watch, entry, &result, began, err);
    } else if (failure.family == ERR_DEPLOY || failure.family == ERR_DOWN) {
        failed = candidate_failed(watch, entry, &result, &failure, began, err);
    } else if (err_is(&failure, ERR_CONFLICT, CODE_FAILED) ||
               err_is(&failure, ERR_CONFLICT, CODE_HOLD) ||
               err_is(&failure, ERR_CONFLICT, CODE_DEPLOY)) {
        failed = deploy_refused(watch, entry, &failure, err);
    } else {
        if (failure.family != ERR_CANCELLED)
            entry->metrics.runs[METRICS_ERROR]++;
        work_failed(watch, entry, &failure);
        failed = 0;
    }
    deploy_result_finish(&result);
    return failed;
}

int work_run(const struct watch *watch, struct watch_entry *entry, struct err *err)
{
    if (!entry->pulled)
        return run_pull(watch, entry, err);
    if (entry_now(watch) < entry->act_at) {
        entry->work.due = entry->act_at;
        return 0;
    }
    return watch->host->deploy ? run_deploy(watch, entry, err) : run_hook(watch, entry);
}
