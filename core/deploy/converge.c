/*
 * For each unit: choose the container that serves, and give it the name and its policy. Start it if
 * this program stopped it. Lead the traffic to it, and stop the others. All requests are
 * idempotent, so converge can be interrupted anywhere.
 */
#include "deploy/converge.h"

#include <string.h>

#include "base/codes.h"
#include "deploy/drain.h"
#include "deploy/serving.h"
#include "deploy/stop.h"
#include "deploy/unit.h"

#define REMOVE_TRIES  20
#define RETIRED_NAMES 10

/* ---- names ---- */

/* Gives a container the name of a retired one. If somebody else's container has that name, the next
 * one is tried. */
static int rename_retired(const struct run *run, const struct deploy_unit *unit,
                          struct deploy_container *container, struct err *err)
{
    char name[DOCKER_NAME_SIZE];

    for (unsigned number = 1;; number++) {
        unit_retired_name(unit, container, number, name);
        if (unit_rename(run, container, name, err) == 0)
            return 0;
        if (number == RETIRED_NAMES || !err_is(err, ERR_CONFLICT, CODE_CONTAINER))
            return ERR_FAIL;
    }
}

/* Gives the chosen container the name, if another one, or none, has it. */
static int take_name(const struct run *run, struct deploy_unit *unit,
                     struct deploy_container *former, struct err *err)
{
    if (former && former != unit->serving && rename_retired(run, unit, former, err))
        return ERR_FAIL;
    return unit_rename(run, unit->serving, unit->spec->name, err);
}

int converge_commit(struct run *run, struct deploy_unit *unit, struct err *err)
{
    struct deploy_container *former = unit->serving;

    unit->serving = unit->candidate;
    if (take_name(run, unit, former, err)) {
        unit->serving = former;
        return ERR_FAIL;
    }
    unit->candidate = NULL;
    unit->former = former;
    unit->committed = true;
    return former ? unit_disarm(run, former, err) : 0;
}

/* ---- containers that do not serve ---- */

/* Returns true if the container could get a request until now. If the proxy did not respond, this
 * is assumed. */
static bool had_traffic(const struct deploy_unit *unit, const struct deploy_container *container)
{
    return !unit->slots_known || unit->slots & 1u << container->labels.slot;
}

/* Returns the rest of the drain. That of a container that was replaced runs from the commit, unless
 * it was in rotation after it: a proxy that restarts can let it in again. */
static int64_t drain_limit(const struct run *run, const struct deploy_unit *unit,
                           const struct deploy_container *container)
{
    const struct journal_unit *entry = journal_unit(&run->journal, unit->spec->unit);
    int64_t passed = run->host->table->wall(run->host) - run->journal.committed_at;

    if (had_traffic(unit, container) || !journal_committed(&run->journal) ||
        !run->journal.committed_at || passed < 0 || !entry ||
        strcmp(entry->serving, container->facts.id) != 0)
        return unit->spec->drain;
    return passed > unit->spec->drain ? 0 : unit->spec->drain - passed;
}

/* A converge that continues this one must not count from the commit. */
static int note_traffic(struct run *run, const struct deploy_unit *unit,
                        const struct deploy_container *container, struct err *err)
{
    struct err failure;

    if (!journal_committed(&run->journal) || !unit->slots_known || !had_traffic(unit, container))
        return 0;
    run->journal.committed_at = run->host->table->wall(run->host);
    return run_save_journal(run, &failure)
               ? run_continue(run, "the journal was not written", &failure, err)
               : 0;
}

/* A container gets traffic only after it was armed. */
static bool may_have_traffic(const struct run *run, const struct deploy_unit *unit,
                             const struct deploy_container *container)
{
    return container_armed(run, container) || container_retired(container) ||
           (unit->slots_known && unit->slots & 1u << container->labels.slot);
}

static int disarm_and_stop(struct run *run, const struct deploy_unit *unit,
                           struct deploy_container *container, struct err *err)
{
    struct stopped stopped;

    return unit_disarm(run, container, err) || stop_container(run, unit, container, &stopped, err)
               ? ERR_FAIL
               : 0;
}

/* Removes a candidate that the daemon would start again. The end of its log is in the error. */
static int discard(struct run *run, const struct deploy_unit *unit,
                   struct deploy_container *container, struct err *err)
{
    for (unsigned tries = 1;; tries++) {
        struct stopped stopped;

        if (container_runs(container) && stop_container(run, unit, container, &stopped, err))
            return ERR_FAIL;
        if (run->host->table->remove(run->host, container->facts.id, false, err) >= 0)
            break;
        if (tries == REMOVE_TRIES || !err_is(err, ERR_CONFLICT, CODE_CONTAINER) ||
            unit_refresh(run, container, err) < 0)
            return ERR_FAIL; /* otherwise it was started in between */
    }
    container->facts.state = CONTAINER_EXITED;
    return 0;
}

static int take_back(struct run *run, struct deploy_unit *unit, struct deploy_container *container,
                     struct err *err)
{
    bool leave = container_runs(unit->serving) && may_have_traffic(run, unit, container);
    struct drained drained;

    if (container_stopped(container) && !container_returns(run, container))
        return unit_disarm(run, container, err);
    if (leave && (note_traffic(run, unit, container, err) ||
                  unit_leave(run, unit, container, unit->serving, err) ||
                  drain(run, unit, container, drain_limit(run, unit, container), &drained, err)))
        return ERR_FAIL;
    return container_returns(run, container) ? discard(run, unit, container, err)
                                             : disarm_and_stop(run, unit, container, err);
}

/* Nothing else serves: a candidate that may have the traffic becomes O, whatever its image is. */
static int keep_alone(struct run *run, struct deploy_unit *unit, struct err *err)
{
    if (converge_commit(run, unit, err))
        return ERR_FAIL;
    unit->committed = false;
    unit->former = NULL;
    return unit_enter(run, unit, unit->serving, err);
}

/* If the proxy refuses O, and O does not pass its gate either, C is stopped nevertheless: its slot
 * is needed for a version that works. */
int converge_take_back(struct run *run, struct deploy_unit *unit, struct err *err)
{
    struct deploy_container *candidate = unit->candidate;

    if (!container_runs(unit->serving) && container_armed(run, candidate) &&
        unit_passes(run, unit, candidate))
        return keep_alone(run, unit, err);
    unit->candidate = NULL;
    if (container_runs(unit->serving) && may_have_traffic(run, unit, candidate) &&
        unit_enter(run, unit, unit->serving, err)) {
        if (err->family == ERR_CANCELLED || unit_passes(run, unit, unit->serving))
            return ERR_FAIL;
        run_warn_of(run, "the container that served is not ready", err);
        return disarm_and_stop(run, unit, candidate, err);
    }
    return take_back(run, unit, candidate, err);
}

/* A candidate that was created and never started. One that failed is kept for its log. */
static bool is_useless(const struct deploy_unit *unit, const struct deploy_container *container)
{
    return container != unit->serving && container->facts.state == CONTAINER_CREATED &&
           !container_retired(container);
}

/* A stop-first unit whose candidate is armed and never ran was interrupted when O was stopped, or
 * shortly before. Without the journal, O may be stopping: the next converge must recognise it. */
static bool is_evidence(const struct run *run, const struct deploy_unit *unit,
                        const struct deploy_container *container)
{
    return run->journal.rebuilt && unit_stop_first(unit) && container_runs(unit->serving) &&
           container->facts.state == CONTAINER_CREATED && container_has_policy(container);
}

static int take_back_others(struct run *run, struct deploy_unit *unit, unsigned *changes,
                            struct err *err)
{
    for (unsigned i = 0; i < unit->count; i++) {
        struct deploy_container *other = unit->members[i];
        bool useless = is_useless(unit, other);

        if (other == unit->serving || other == unit->candidate || is_evidence(run, unit, other))
            continue;
        *changes += useless || !container_stopped(other) || container_returns(run, other) ||
                    (run->host->sets_restart && container_armed(run, other));
        if (useless ? run->host->table->remove(run->host, other->facts.id,
                                               container_never_ran(other), err) < 0
                    : take_back(run, unit, other, err))
            return ERR_FAIL;
    }
    return 0;
}

/* ---- the container that serves ---- */

/* The newest running candidate. Only a start-first unit can continue with one. */
static struct deploy_container *find_candidate(const struct run *run,
                                               const struct deploy_unit *unit)
{
    struct deploy_container *best = NULL;

    for (unsigned i = 0; i < unit->count && !unit_stop_first(unit); i++) {
        struct deploy_container *container = unit->members[i];

        if (container != unit->serving && container_runs(container) &&
            !container_retired(container) && !serving_abandoned(run, unit, container) &&
            (!best || best->labels.generation < container->labels.generation))
            best = container;
    }
    return best;
}

static bool has_armed_candidate(const struct deploy_unit *unit)
{
    for (unsigned i = 0; i < unit->count; i++)
        if (unit->members[i] != unit->serving && !container_retired(unit->members[i]) &&
            container_has_policy(unit->members[i]))
            return true;
    return false;
}

/* Returns true if O of a stop-first unit does not run because a run has stopped it. */
static bool was_stopped(const struct run *run, const struct deploy_unit *unit)
{
    const struct deploy_container *serving = unit->serving;
    const struct journal_unit *entry = journal_unit(&run->journal, unit->spec->unit);
    enum journal_phase phase = run->journal.phase;

    if (!serving || !unit_stop_first(unit) || serving->facts.state != CONTAINER_EXITED)
        return false;
    return (!container_has_policy(serving) && strcmp(serving->labels.restart, "no") != 0) ||
           has_armed_candidate(unit) ||
           ((phase == JOURNAL_EXCHANGE || phase == JOURNAL_BACK || phase == JOURNAL_SWITCH) &&
            entry && strcmp(entry->serving, serving->facts.id) == 0);
}

/* Starts O again. The candidate must not run beside it. The policy comes last: without one, the
 * next converge recognises that O was stopped by a run. */
static int restore(struct run *run, struct deploy_unit *unit, struct err *err)
{
    for (unsigned i = 0; i < unit->count; i++) {
        struct deploy_container *other = unit->members[i];
        struct stopped stopped;

        if (other != unit->serving && !container_stopped(other) &&
            (unit_disarm(run, other, err) || stop_container(run, unit, other, &stopped, err)))
            return ERR_FAIL;
    }
    if (unit_start(run, unit->serving, err) || unit_arm(run, unit->serving, err) ||
        unit_gate(run, unit, unit->serving, err))
        return ERR_FAIL;
    unit_count_gap(run, unit);
    return unit_enter(run, unit, unit->serving, err);
}

static bool others_have_traffic(const struct run *run, const struct deploy_unit *unit)
{
    for (unsigned i = 0; i < unit->count; i++)
        if (unit->members[i] != unit->serving && unit->members[i] != unit->candidate &&
            !container_stopped(unit->members[i]) && may_have_traffic(run, unit, unit->members[i]))
            return true;
    return false;
}

/* Returns true if the traffic must be led to O. While a candidate is kept, both may get it. */
static bool needs_traffic(const struct run *run, const struct deploy_unit *unit)
{
    unsigned bit = 1u << unit->serving->labels.slot;

    return others_have_traffic(run, unit) ||
           (!unit->candidate && unit->slots_known && !(unit->slots & bit));
}

static int repair_serving(struct run *run, struct deploy_unit *unit,
                          struct deploy_container *holder, unsigned *changes, struct err *err)
{
    struct deploy_container *serving = unit->serving;
    bool armed_before = container_armed(run, serving);

    if (was_stopped(run, unit)) {
        ++*changes;
        return restore(run, unit, err);
    }
    if (!container_runs(serving))
        return 0;
    if (serving != holder)
        ++*changes;
    if (unit_arm(run, serving, err) || take_name(run, unit, holder, err))
        return ERR_FAIL;
    *changes += armed_before != container_armed(run, serving);
    if (!needs_traffic(run, unit))
        return 0;
    ++*changes;
    return unit_enter(run, unit, serving, err);
}

/* A container of a stop-first unit may be stopping: its end is awaited. */
static int finish_stop(struct run *run, const struct deploy_unit *unit,
                       struct deploy_container *holder, struct err *err)
{
    struct stopped stopped;

    if (!unit_stop_first(unit) || !holder || container_stopped(holder) ||
        !journal_stop(&run->journal, &holder->facts))
        return 0;
    return stop_container(run, unit, holder, &stopped, err);
}

/* Returns true if only a candidate runs, and no commit was announced: the caller continues with it,
 * and observes it. */
static bool is_alone(const struct run *run, const struct deploy_unit *unit,
                     const struct deploy_container *holder)
{
    const struct journal_unit *entry = journal_unit(&run->journal, unit->spec->unit);
    const struct deploy_container *chosen = unit->serving;

    if (!chosen || chosen == holder || container_retired(chosen) || container_runs(holder) ||
        (journal_committed(&run->journal) && entry &&
         strcmp(entry->candidate, chosen->facts.id) == 0))
        return false;
    for (unsigned i = 0; i < unit->count; i++)
        if (unit->members[i] != chosen && !container_stopped(unit->members[i]))
            return false;
    return true;
}

static int converge_unit(struct run *run, struct deploy_unit *unit, enum candidates candidates,
                         unsigned *changes, struct err *err)
{
    struct deploy_container *holder = unit_holder(unit);

    if (finish_stop(run, unit, holder, err))
        return ERR_FAIL;
    unit->serving = serving_choose(run, unit);
    unit->candidate = NULL;
    if (candidates == CANDIDATES_KEPT && is_alone(run, unit, holder)) {
        unit->candidate = unit->serving;
        unit->serving = holder;
        return take_back_others(run, unit, changes, err);
    }
    if (candidates == CANDIDATES_KEPT)
        unit->candidate = find_candidate(run, unit);
    if (unit->serving && repair_serving(run, unit, holder, changes, err))
        return ERR_FAIL;
    return take_back_others(run, unit, changes, err);
}

static bool is_switch(const struct err *err)
{
    return err_is(err, ERR_DEPLOY, CODE_SWITCH);
}

/* Keeps one failure, and warns of the other one. The caller can continue after a proxy that
 * refuses, so that one gives way. */
static void keep_failure(const struct run *run, bool failed, struct err *failure, struct err *err)
{
    bool replaces =
        !failed || failure->family == ERR_CANCELLED || (is_switch(err) && !is_switch(failure));

    if (failed)
        run_warn_of(run, "the state of a unit was not repaired", replaces ? err : failure);
    if (replaces)
        *err = *failure;
}

int converge(struct run *run, enum candidates candidates, unsigned *changes, struct err *err)
{
    int failed = 0;

    for (unsigned i = 0; i < run->unit_count; i++) {
        struct err failure = {0};

        if (converge_unit(run, &run->units[i], candidates, changes, &failure) == 0)
            continue;
        keep_failure(run, failed, &failure, err);
        failed = ERR_FAIL;
        if (failure.family == ERR_CANCELLED)
            break;
    }
    return failed;
}
