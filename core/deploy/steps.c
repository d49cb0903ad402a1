/*
 * One table and one loop. There is no undo for a single step, because a step that failed may have
 * had its effect. converge undoes the steps: it reads the state of the containers.
 *
 * All units pass a step before the first one begins the next: no unit switches before all are
 * ready.
 */
#include "deploy/steps.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "deploy/converge.h"
#include "deploy/exchange.h"
#include "deploy/observe.h"
#include "deploy/prepare.h"
#include "deploy/prune.h"
#include "deploy/retire.h"
#include "deploy/unit.h"

enum step_scope {
    EACH_UNIT,
    EACH_REPLACED, /* each unit with an old container */
    EACH_START_FIRST,
    EACH_STOP_FIRST,
    ONCE, /* with NULL */
};

struct step {
    const char *name;
    enum step_scope scope;
    int (*run)(struct run *run, struct deploy_unit *unit, struct err *err);
};

/* ---- steps ---- */

static void keep_log(struct run *run, const struct deploy_unit *unit)
{
    struct err ignored;

    if (unit && unit->candidate && !run->result->log.size)
        run->host->table->log(run->host, unit->candidate, &run->result->log, &ignored);
}

static const struct deploy_unit *find_hook_unit(const struct run *run)
{
    const struct deploy_unit *best = NULL;

    for (unsigned i = 0; i < run->unit_count; i++) {
        const struct deploy_unit *unit = &run->units[i];

        if (!unit->unchanged && !unit_stop_first(unit) &&
            (!best || (unit->spec->port && !best->spec->port)))
            best = unit;
    }
    return best;
}

/* The hook gets the first unit that has a port and runs beside O. */
static int run_before_switch(struct run *run, struct deploy_unit *unused, struct err *err)
{
    const struct deploy_unit *unit = find_hook_unit(run);
    struct deploy_hook hook = {
        .argv = run->options->deployment->before_switch,
        .unit = unit ? unit->spec->unit : "",
        .image = run->want.ref,
        .container = unit ? unit->candidate->facts.id : "",
        .target = "",
        .previous = unit && unit->serving ? unit->serving->facts.id : "",
        .result = "",
    };
    char address[UNIT_ADDRESS_SIZE];
    struct traffic_target target;

    (void)unused;
    if (!hook.argv)
        return 0;
    if (unit) {
        unit_target(unit, unit->candidate, address, &target);
        hook.target = address;
    }
    return run->host->table->hook(run->host, &hook, err);
}

static int announce(struct run *run, enum journal_phase phase, struct err *err)
{
    run->journal.phase = phase;
    return run_save_journal(run, err);
}

static bool has_stop_first(const struct run *run)
{
    for (unsigned i = 0; i < run->unit_count; i++)
        if (!run->units[i].unchanged && unit_stop_first(&run->units[i]))
            return true;
    return false;
}

static int announce_exchange(struct run *run, struct deploy_unit *unused, struct err *err)
{
    (void)unused;
    return has_stop_first(run) ? announce(run, JOURNAL_EXCHANGE, err) : 0;
}

static int announce_switch(struct run *run, struct deploy_unit *unused, struct err *err)
{
    (void)unused;
    return announce(run, JOURNAL_SWITCH, err);
}

/* Since its gate, the candidate may have ended: `before_switch` and the gates of other units take
 * minutes. */
static int check_candidate(struct run *run, struct deploy_unit *unit, struct err *err)
{
    struct deploy_container *candidate = unit->candidate;
    char started_at[sizeof candidate->facts.started_at];

    str_copy(started_at, sizeof started_at, candidate->facts.started_at);
    if (unit_refresh(run, candidate, err) < 0)
        return ERR_FAIL;
    if (!container_runs(candidate))
        return err_set(err, ERR_DEPLOY, CODE_EXITED,
                       "the candidate %s ended after it was ready, before it got requests",
                       candidate->facts.name);
    if (strcmp(started_at, candidate->facts.started_at) != 0)
        return err_set(err, ERR_DEPLOY, CODE_EXITED,
                       "the candidate %s restarted after it was ready, before it got requests",
                       candidate->facts.name);
    return 0;
}

static int arm(struct run *run, struct deploy_unit *unit, struct err *err)
{
    return unit_arm(run, unit->candidate, err);
}

static int enter(struct run *run, struct deploy_unit *unit, struct err *err)
{
    return unit_enter(run, unit, unit->candidate, err);
}

static int leave(struct run *run, struct deploy_unit *unit, struct err *err)
{
    return unit_leave(run, unit, unit->serving, unit->candidate, err);
}

static int observe_all(struct run *run, struct deploy_unit *unused, struct err *err)
{
    struct deploy_unit *failed_unit;

    (void)unused;
    if (observe(run, &failed_unit, err) == 0)
        return 0;
    keep_log(run, failed_unit);
    return ERR_FAIL;
}

static int announce_commit(struct run *run, struct deploy_unit *unused, struct err *err)
{
    struct journal *journal = &run->journal;

    (void)unused;
    journal_set_hold(journal, run->rollback); /* a deployment ends a hold */
    journal->rebuilt = false;
    if (!run->rollback) {
        str_copy(journal->etag, sizeof journal->etag, run->want.etag);
        journal->failure = (struct journal_failure){0};
    }
    str_copy(journal->ref, sizeof journal->ref, run->want.ref);
    journal->committed_at = run->host->table->wall(run->host);
    return announce(run, JOURNAL_COMMIT, err);
}

static int prune(struct run *run, struct deploy_unit *unit, struct err *err)
{
    return unit->committed ? prune_containers(run, unit, unit->spec->keep, err) : 0;
}

static int prune_all_images(struct run *run, struct deploy_unit *unused, struct err *err)
{
    (void)unused;
    return prune_images(run, false, err);
}

/* ---- the table ---- */

static const struct step BEFORE_COMMIT[] = {
    {"create", EACH_UNIT, prepare_create},
    {"judge", EACH_UNIT, prepare_judge},
    {"start", EACH_START_FIRST, prepare_start},
    {"gate", EACH_START_FIRST, prepare_gate},
    {"hook", ONCE, run_before_switch},
    {"hook", EACH_START_FIRST, check_candidate},
    {"exchange", ONCE, announce_exchange},
    {"exchange", EACH_STOP_FIRST, exchange},
    {"arm", EACH_UNIT, check_candidate},
    {"arm", ONCE, announce_switch},
    {"arm", EACH_UNIT, arm},
    {"enter", EACH_UNIT, enter},
    {"leave", EACH_REPLACED, leave},
    {"observe", ONCE, observe_all},
    {"commit", ONCE, announce_commit},
};

static const struct step AFTER_COMMIT[] = {
    {"commit", EACH_UNIT, converge_commit}, {"drain", EACH_REPLACED, retire_drain},
    {"stop", EACH_REPLACED, retire_stop},   {"prune", EACH_UNIT, prune},
    {"prune", ONCE, prune_all_images},
};

/* ---- the loop ---- */

static bool concerns(const struct step *step, const struct deploy_unit *unit)
{
    if (unit->unchanged)
        return false;
    if (step->scope == EACH_REPLACED)
        return unit->committed ? unit->former != NULL : unit->serving != NULL;
    return step->scope == EACH_UNIT || (step->scope == EACH_STOP_FIRST) == unit_stop_first(unit);
}

static int run_for_units(struct run *run, const struct step *step, bool committed, struct err *err)
{
    struct err failure;

    for (unsigned i = 0; i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        if (!concerns(step, unit))
            continue;
        run_phase(run, step->name, unit->spec->unit);
        if (step->run(run, unit, &failure) == 0)
            continue;
        if (!committed || failure.family == ERR_CANCELLED) {
            if (failure.family == ERR_DEPLOY)
                keep_log(run, unit);
            if (run->unit_count > 1)
                err_wrap(&failure, "%s", unit->spec->unit);
            *err = failure;
            return ERR_FAIL;
        }
        run_warn_of(run, step->name, &failure);
    }
    return 0;
}

static int run_once(struct run *run, const struct step *step, bool committed, struct err *err)
{
    struct err failure;

    run_phase(run, step->name, "");
    if (step->run(run, NULL, &failure) == 0)
        return 0;
    if (committed)
        return run_continue(run, step->name, &failure, err);
    *err = failure;
    return ERR_FAIL;
}

/* Adds the time to the phase of that name. */
static void count_time(struct run *run, const char *phase, int64_t start)
{
    struct deploy_result *result = run->result;
    double seconds = (double)(run_now(run) - start) / 1e9;
    unsigned at = 0;

    while (at < result->phase_count && strcmp(result->phases[at].phase, phase) != 0)
        at++;
    if (at == DEPLOY_PHASES_MAX)
        return;
    if (at == result->phase_count) {
        result->phases[at].seconds = 0;
        snprintf(result->phases[at].phase, sizeof result->phases[at].phase, "%s", phase);
        result->phase_count++;
    }
    result->phases[at].seconds += seconds;
}

static int run_steps(struct run *run, const struct step *steps, size_t count, bool committed,
                     struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        int64_t start = run_now(run);
        int failed = steps[i].scope == ONCE ? run_once(run, &steps[i], committed, err)
                                            : run_for_units(run, &steps[i], committed, err);

        count_time(run, steps[i].name, start);
        if (failed)
            return failed;
    }
    return 0;
}

static bool is_retired(const struct run *run, const struct deploy_container *container)
{
    return container_stopped(container) &&
           !(run->host->sets_restart && container_has_policy(container));
}

static bool all_retired(const struct run *run)
{
    for (unsigned i = 0; i < run->unit_count; i++) {
        const struct deploy_unit *unit = &run->units[i];

        if (!unit->unchanged &&
            (!unit->committed || (unit->former && !is_retired(run, unit->former))))
            return false;
    }
    return true;
}

/* After a survey that failed: the candidates have the traffic. */
static void note_candidates(struct run *run)
{
    for (unsigned i = 0; i < run->unit_count; i++) {
        const struct deploy_unit *unit = &run->units[i];
        const struct journal_unit *entry = journal_unit(&run->journal, unit->spec->unit);

        if (!unit->serving && !unit->unchanged && entry)
            run->units[i].serving = unit_member(unit, entry->candidate);
    }
}

/* Notes what the rollback returns to, and what it leaves. A rollback that continues an interrupted
 * one leaves what that one left: some units may have reached the target. So does one that follows a
 * rollback, and returns to an older container of the same image. */
static void note_rollback(struct run *run)
{
    struct journal *journal = &run->journal;
    const char *serves = run->result->previous_ref;
    bool follows = journal->hold[0] && strcmp(serves, run->want.ref) == 0;

    if (!journal->left[0] || (!follows && strcmp(journal->target, run->want.ref) != 0))
        str_copy(journal->left, sizeof journal->left, serves);
    str_copy(journal->target, sizeof journal->target, run->want.ref);
}

int steps_run(struct run *run, struct err *err)
{
    struct err failure;

    /* Before anything is created: a full disk is noticed here. */
    if (announce(run, JOURNAL_PREPARE, err))
        return ERR_FAIL;
    if (run->rollback)
        note_rollback(run);
    if (run_steps(run, BEFORE_COMMIT, ARRAY_SIZE(BEFORE_COMMIT), false, err) ||
        run_steps(run, AFTER_COMMIT, ARRAY_SIZE(AFTER_COMMIT), true, err))
        return ERR_FAIL;
    if (all_retired(run) || retire_rest(run, &failure) == 0)
        return 0;
    if (run_continue(run, "the former containers are not all stopped", &failure, err))
        return ERR_FAIL;
    note_candidates(run);
    return 0;
}
