/*
 * The loop selects the step that is due first, also of those whose time has passed: so each step
 * has its turn, even if the loop is always late. Each step changes one entry and sets the time of
 * its next run. `converge` comes before `poll`, and `poll` before `work`, if they are due together:
 * an environment that moves during a long pull is polled again before the switch, so the newest
 * image wins.
 */
#include "watch/watch.h"

#include <string.h>

#include "base/codes.h"
#include "deploy/deploy_result.h"
#include "watch/work.h"

#define CONVERGES_PER_TRY 10 /* polls until a failure or a hold is checked again */
#define DAY               (24 * 3600 * NS_PER_S)

enum step { STEP_CONVERGE, STEP_POLL, STEP_WORK, STEP_HEARTBEAT, STEP_COUNT };

static void publish(const struct watch *watch)
{
    for (unsigned i = 0; i < watch->count; i++) {
        struct watch_entry *entry = &watch->entries[i];
        int64_t wait =
            entry->poll.backoff > entry->work.backoff ? entry->poll.backoff : entry->work.backoff;

        entry->metrics.backoff = (double)wait / (double)NS_PER_S;
        entry->metrics.behind = entry->wanted.change[0] && !entry_serves_wanted(entry);
        entry->metrics.held = entry->state == WATCH_HELD;
        entry->metrics.down = entry->state == WATCH_DOWN;
        entry->metrics.blocked = entry->state == WATCH_BLOCKED;
    }
    watch->host->publish(watch->host->arg, watch->entries, watch->count);
}

/* ---- converge ---- */

/* A failure or a hold may have ended: the spec was changed, or a user deployed by hand. The run
 * decides: it has the record of the failure. */
static void try_again(struct watch_entry *entry, int64_t now)
{
    bool waits =
        entry->state == WATCH_FAILED || entry->state == WATCH_HELD || entry->state == WATCH_DOWN;

    if (!entry->settled || !waits || ++entry->converges < CONVERGES_PER_TRY)
        return;
    entry->converges = 0;
    entry->settled = false;
    entry->pulled = true;
    entry->work.due = now;
}

/* Another image serves than the last run left: a user has rolled back, or removed the container.
 * The run decides what follows. */
static void reconsider(const struct watch *watch, struct watch_entry *entry)
{
    entry->state = WATCH_BEHIND;
    entry->settled = false;
    entry->pulled = true;
    entry->work.due = entry_now(watch);
}

/* The work waits because of a failure, and meanwhile a user has deployed the image. Its next try
 * only writes the document, and must not wait: the state and the metrics report a failure still. */
static bool is_done_by_hand(const struct watch_entry *entry, const char *before)
{
    return (entry->state == WATCH_BLOCKED || entry->state == WATCH_TROUBLE) &&
           entry_serves_wanted(entry) && strcmp(entry->served, before) != 0;
}

static int take_converged(const struct watch *watch, struct watch_entry *entry,
                          const struct deploy_result *result, struct err *err)
{
    char before[NAME_REF_MAX];

    str_copy(before, sizeof before, entry->served);
    entry_set_served(watch, entry, result->image_ref);
    if (result->outcome == DEPLOY_DOWN) {
        if (entry->state != WATCH_DOWN && entry_report(watch, entry, "down", "", before, NULL, err))
            return ERR_FAIL;
        if (entry->state == WATCH_CURRENT && entry->wanted.change[0])
            reconsider(watch, entry); /* it served until now: its image works */
        entry->state = WATCH_DOWN;
        entry->unrecorded = true; /* the document has this result until a run replaces it */
        return 0;
    }
    if (entry_serves_wanted(entry) && !entry->unrecorded)
        entry_settle(entry, WATCH_CURRENT);
    else if (entry->state == WATCH_DOWN && !entry_serves_wanted(entry))
        entry->state = WATCH_FAILED;
    else if (entry->state == WATCH_DOWN || entry->state == WATCH_CURRENT ||
             is_done_by_hand(entry, before))
        reconsider(watch, entry);
    if (result->outcome != DEPLOY_DEPLOYED && result->outcome != DEPLOY_ROLLED_BACK)
        return 0;
    entry->unrecorded = true;
    if (entry->wanted.change[0])
        reconsider(watch, entry);
    return entry_report(watch, entry, deploy_outcome_name(result->outcome), entry->served, before,
                        NULL, err);
}

static int run_converge(const struct watch *watch, struct watch_entry *entry, struct err *err)
{
    const struct watch_host *host = watch->host;
    struct deploy_result result;
    struct err failure;
    int failed;

    deploy_result_init(&result);
    failed = host->converge(host->arg, entry_index(watch, entry), &result, &failure);
    if (failed) {
        schedule_failure(&entry->converge, schedule_trouble_of(&failure), 0, entry_now(watch),
                         entry_random(watch));
        /* Another run holds the lock: it does what is necessary. */
        if (err_is(&failure, ERR_CONFLICT, CODE_DEPLOY))
            schedule_success(&entry->converge, entry_now(watch), entry_random(watch));
        else if (failure.family != ERR_CANCELLED)
            entry_report_failure(watch, entry, entry->caring, &failure);
        failed = 0;
    } else {
        schedule_success(&entry->converge, entry_now(watch), entry_random(watch));
        entry_report_recovery(watch, entry, entry->caring, "the containers can be seen again");
        failed = take_converged(watch, entry, &result, err);
        try_again(entry, entry_now(watch));
    }
    deploy_result_finish(&result);
    return failed;
}

/* ---- poll ---- */

static void take_poll(const struct watch *watch, struct watch_entry *entry, enum poll_answer answer,
                      const struct watch_target *target, const struct err *fault)
{
    if (answer != POLL_MALFORMED)
        entry_report_recovery(watch, entry, entry->polling, "the pointer can be read again");
    switch (answer) {
    case POLL_ABSENT:
        if (entry->state != WATCH_NO_POINTER)
            watch->host->note(watch->host->arg, entry_index(watch, entry),
                              "the environment has no pointer: the containers stay");
        entry_want_nothing(entry, WATCH_NO_POINTER);
        break;
    case POLL_MALFORMED:
        entry_report_failure(watch, entry, entry->polling, fault);
        entry_want_nothing(entry, WATCH_MALFORMED);
        break;
    default:
        if (strcmp(entry->wanted.change, target->change) != 0)
            entry_want(watch, entry, target);
        break;
    }
}

static int run_poll(const struct watch *watch, struct watch_entry *entry)
{
    static const enum metrics_poll COUNTS[] = {[POLL_SAME] = METRICS_SAME,
                                               [POLL_CHANGED] = METRICS_CHANGED,
                                               [POLL_ABSENT] = METRICS_ABSENT,
                                               [POLL_MALFORMED] = METRICS_MALFORMED};
    const struct watch_host *host = watch->host;
    struct watch_target target = {.change = ""};
    struct err failure;
    int64_t asked = 0;
    enum poll_answer answer =
        host->poll(host->arg, entry_index(watch, entry), &target, &asked, &failure);

    if (answer == POLL_FAILED) {
        if (failure.family == ERR_CANCELLED)
            return 0;
        entry->metrics.polls[METRICS_FAILED]++;
        schedule_failure(&entry->poll, schedule_trouble_of(&failure), asked, entry_now(watch),
                         entry_random(watch));
        entry_report_failure(watch, entry, entry->polling, &failure);
        return 0;
    }
    entry->metrics.polls[COUNTS[answer]]++;
    entry->metrics.last_success = entry_wall(watch);
    schedule_success(&entry->poll, entry_now(watch), entry_random(watch));
    take_poll(watch, entry, answer, &target, &failure);
    return 0;
}

/* ---- heartbeat ---- */

/* A host without the right to write gets one warning a day, not one for each report. */
static int run_heartbeat(const struct watch *watch, struct watch_entry *entry)
{
    const struct watch_host *host = watch->host;
    struct err failure;

    if (!host->heartbeat(host->arg, entry_index(watch, entry), &failure)) {
        entry->beating[0] = '\0';
        schedule_success(&entry->heartbeat, entry_now(watch), entry_random(watch));
        return 0;
    }
    if (failure.family == ERR_CANCELLED)
        return 0;
    schedule_failure(&entry->heartbeat, SCHEDULE_PASSING, 0, entry_now(watch), entry_random(watch));
    if (schedule_trouble_of(&failure) == SCHEDULE_RIGHTS)
        entry->heartbeat.due = entry_now(watch) + DAY;
    entry_report_failure(watch, entry, entry->beating, &failure);
    return 0;
}

/* ---- the loop ---- */

static int64_t due_of(const struct watch *watch, const struct watch_entry *entry, enum step step)
{
    switch (step) {
    case STEP_CONVERGE:
        return watch->host->converge ? entry->converge.due : INT64_MAX;
    case STEP_POLL:
        return entry->poll.due;
    case STEP_WORK:
        return entry->settled ? INT64_MAX : entry->work.due;
    default:
        return watch->options->heartbeat && watch->host->heartbeat ? entry->heartbeat.due
                                                                   : INT64_MAX;
    }
}

/* Returns the time of the first step that is due. Of two steps at the same time, the first one in
 * enum step is selected. */
static int64_t find_next(const struct watch *watch, struct watch_entry **entry, enum step *step)
{
    int64_t first = INT64_MAX;

    *entry = &watch->entries[0];
    *step = STEP_POLL;
    for (int s = 0; s < STEP_COUNT; s++)
        for (unsigned i = 0; i < watch->count; i++) {
            int64_t due = due_of(watch, &watch->entries[i], (enum step)s);

            if (due < first) {
                first = due;
                *entry = &watch->entries[i];
                *step = (enum step)s;
            }
        }
    return first;
}

static int run_step(const struct watch *watch, struct watch_entry *entry, enum step step,
                    struct err *err)
{
    switch (step) {
    case STEP_CONVERGE:
        return run_converge(watch, entry, err);
    case STEP_POLL:
        return run_poll(watch, entry);
    case STEP_WORK:
        return work_run(watch, entry, err);
    default:
        return run_heartbeat(watch, entry);
    }
}

/* All entries converge once at the start. All other times are spread. */
static void start(const struct watch *watch)
{
    int64_t now = entry_now(watch);

    for (unsigned i = 0; i < watch->count; i++) {
        struct watch_entry *entry = &watch->entries[i];

        schedule_start(&entry->converge, watch->options->interval, now, 0);
        schedule_start(&entry->poll, watch->options->interval, now, entry_random(watch));
        schedule_start(&entry->heartbeat, watch->options->heartbeat, now, entry_random(watch));
        entry->work = (struct schedule){.interval = watch->options->interval, .due = now};
        /* The last run of this deployment may have been killed before it wrote the document. */
        entry->unrecorded = watch->host->deploy != NULL;
    }
}

int watch_run(const struct watch_options *options, const struct watch_host *host,
              struct watch_entry *entries, unsigned count, struct err *err)
{
    struct watch watch = {options, host, entries, count};
    struct watch_entry *entry;
    enum step step;
    int64_t published;

    start(&watch);
    publish(&watch);
    published = entry_now(&watch);
    while (!host->stopped(host->arg)) {
        int64_t now = entry_now(&watch), due = find_next(&watch, &entry, &step);

        if (due > now || now - published >= options->interval) {
            publish(&watch);
            published = now;
        }
        if (due > now)
            host->sleep(host->arg, due);
        else if (run_step(&watch, entry, step, err))
            return ERR_FAIL;
    }
    return 0;
}
