/*
 * The three commands, each as a list of what happens. The run that they share begins with the lock
 * and the journal, and ends with the report.
 */
#include "deploy/deployer.h"

#include <string.h>

#include "base/codes.h"
#include "deploy/converge.h"
#include "deploy/dry_run.h"
#include "deploy/former.h"
#include "deploy/intact.h"
#include "deploy/prune.h"
#include "deploy/replace.h"
#include "deploy/report.h"
#include "deploy/room.h"
#include "deploy/serving.h"
#include "deploy/survey.h"
#include "deploy/unit.h"

/* ---- begin ---- */

static int open_journal(struct run *run, struct err *err)
{
    int answer = journal_load(run->host, &run->journal, err);

    journal_keep_units(&run->journal, run->options->deployment);
    run->journal_lost = answer != JOURNAL_OK;
    if (answer == JOURNAL_DAMAGED)
        run_warn(run, "the journal of this deployment was damaged: it was renamed, and the state "
                      "was read from the containers");
    return answer < 0 ? answer : 0;
}

/* Removes what a run that was interrupted after its commit did not. Without the journal it is not
 * known which containers served last. */
static int prune_rest(struct run *run, struct err *err)
{
    bool committed = journal_committed(&run->journal);
    struct err failure;

    if (!committed || prune_retired(run, &failure) == 0)
        return 0;
    return run_continue(run, "an old container was not removed", &failure, err);
}

/* Repairs the state that an interrupted run left. Stores the number of repairs. */
static int put_in_order(struct run *run, enum candidates candidates, unsigned *changes,
                        struct err *err)
{
    if (survey(run, err))
        return ERR_FAIL;
    if (converge(run, candidates, changes, err)) {
        if (!err_is(err, ERR_DEPLOY, CODE_SWITCH))
            return ERR_FAIL;
        run_warn_of(run, "the state of an earlier run was not repaired", err);
        return 0;
    }
    if (prune_rest(run, err))
        return ERR_FAIL;
    if (run->journal.phase == JOURNAL_IDLE && !run->journal_lost)
        return 0;
    run->journal.phase = JOURNAL_IDLE;
    run->journal_lost = false;
    return run_save_journal(run, err);
}

static void note_serving(struct run *run)
{
    for (unsigned i = 0; i < run->unit_count; i++)
        run->units[i].served = run->units[i].serving;
    report_before(run);
}

/* After converge: an interrupted rollback has reached its image, or was taken back. */
static int end_rollback(struct run *run, struct err *err)
{
    bool reached = true;

    if (!run->journal.target[0])
        return 0;
    for (unsigned i = 0; i < run->unit_count; i++)
        reached &= former_reached(run, &run->units[i]);
    journal_set_hold(&run->journal, reached);
    return run_save_journal(run, err);
}

/* ---- deploy ---- */

/* Reads what the pointer and the files mean. */
static int read_target(struct run *run, struct err *err)
{
    if (run->host->table->resolve(run->host, &run->want, err))
        return ERR_FAIL;
    str_copy(run->result->pointer_etag, sizeof run->result->pointer_etag, run->want.etag);
    for (unsigned i = 0; i < run->unit_count; i++)
        if (run->host->table->recipe(run->host, i, &run->units[i].recipe, err))
            return ERR_FAIL;
    return 0;
}

static bool is_held(const struct journal *journal, const char *etag)
{
    return strcmp(journal->hold, etag) == 0 || strcmp(journal->hold, JOURNAL_HOLD_ANY) == 0;
}

static int check_hold(struct run *run, struct err *err)
{
    const struct deployment *deployment = run->options->deployment;

    if (run->options->force || !run->journal.hold[0] || !is_held(&run->journal, run->want.etag))
        return 0;
    run->result->outcome = DEPLOY_HELD;
    run->result->hold = true;
    err_set(err, ERR_CONFLICT, CODE_HOLD,
            "a rollback holds %s/%s: the pointer has not changed since", deployment->app,
            deployment->env);
    return err_about(err, "%s %s", deployment->app, deployment->env);
}

static bool serves_wanted(const struct run *run)
{
    for (unsigned i = 0; i < run->unit_count; i++)
        if (!serving_is_wanted(run, &run->units[i], run->units[i].serving))
            return false;
    return true;
}

/* An image that failed, and serves nevertheless, came back without a deployment. */
static int check_failure(struct run *run, struct err *err)
{
    const struct journal_failure *failure = &run->journal.failure;
    char spec[SHA256_HEX_SIZE];

    replace_spec_of(run, spec);
    if (!run->options->automatic || run->options->force || !failure->etag[0] ||
        strcmp(failure->etag, run->want.etag) != 0 || strcmp(failure->spec, spec) != 0 ||
        (failure->ref[0] && strcmp(failure->ref, run->want.ref) != 0) || serves_wanted(run))
        return 0;
    run->result->outcome = DEPLOY_FAILED;
    for (unsigned i = 0; i < run->unit_count; i++)
        if (run->units[i].served && !container_runs(run->units[i].serving))
            run->result->outcome = DEPLOY_DOWN;
    err_set(err, ERR_CONFLICT, CODE_FAILED,
            "%s failed before (deploy.%s) and is not tried again: %s", run->want.ref, failure->code,
            failure->text);
    return err_about(err, "%s %s", run->options->deployment->app, run->options->deployment->env);
}

/* Marks the units that have nothing to do, and takes back candidates of another image. */
static int mark_unchanged(struct run *run, bool *all, struct err *err)
{
    *all = true;
    for (unsigned i = 0; i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        unit->unchanged = !run->options->force && serving_is_wanted(run, unit, unit->serving);
        *all &= unit->unchanged;
        if (unit->candidate &&
            (unit->unchanged || !serving_is_wanted(run, unit, unit->candidate)) &&
            converge_take_back(run, unit, err))
            return ERR_FAIL;
    }
    return 0;
}

/* After a failure before the steps, a candidate of an interrupted run must not stay. */
static int take_back_candidates(struct run *run)
{
    struct err failure;

    for (unsigned i = 0; i < run->unit_count; i++)
        if (run->units[i].candidate && converge_take_back(run, &run->units[i], &failure))
            run_warn_of(run, "a candidate of an earlier run still runs", &failure);
    return ERR_FAIL;
}

static int keep_unchanged(struct run *run, struct err *err)
{
    struct journal *journal = &run->journal;

    run->result->outcome = DEPLOY_UNCHANGED;
    if (strcmp(journal->etag, run->want.etag) == 0 && !journal->hold[0])
        return 0;
    str_copy(journal->etag, sizeof journal->etag, run->want.etag);
    str_copy(journal->ref, sizeof journal->ref, run->want.ref);
    journal_set_hold(journal, false);
    return run_save_journal(run, err);
}

static int pull(struct run *run, struct err *err)
{
    run_phase(run, "pull", "");
    return room_make(run, err) || run->host->table->pull(run->host, &run->want, err) ? ERR_FAIL : 0;
}

/* Pulls before the containers are judged, if the ids of their images decide. */
static int prove(struct run *run, bool *intact, struct err *err)
{
    unsigned changes = 0;

    if (!run->host->proves)
        return 0;
    if (*intact && put_in_order(run, CANDIDATES_KEPT, &changes, err))
        return ERR_FAIL;
    *intact = false;
    return pull(run, err);
}

/* An intact deployment is surveyed only when it must change: with nothing to do, the request of
 * deployment_intact is the only one to the daemon. */
static int deploy(struct run *run, struct err *err)
{
    unsigned changes = 0;
    bool intact = deployment_intact(run), nothing_to_do;

    if ((!intact && put_in_order(run, CANDIDATES_KEPT, &changes, err)) || end_rollback(run, err))
        return ERR_FAIL;
    note_serving(run);
    if (read_target(run, err) || check_hold(run, err) || check_failure(run, err) ||
        prove(run, &intact, err))
        return take_back_candidates(run);
    if (mark_unchanged(run, &nothing_to_do, err))
        return ERR_FAIL;
    if (nothing_to_do)
        return keep_unchanged(run, err);
    if (intact && (put_in_order(run, CANDIDATES_KEPT, &changes, err) ||
                   mark_unchanged(run, &nothing_to_do, err)))
        return ERR_FAIL;
    if (!run->host->proves && pull(run, err))
        return take_back_candidates(run);
    return replace(run, err);
}

/* ---- converge ---- */

/* Other repairs than those of an interrupted run undo what a user or a proxy did: no deployment
 * has a result then. */
static int only_converge(struct run *run, struct err *err)
{
    unsigned changes = 0;
    bool committed = journal_committed(&run->journal);
    bool interrupted = run->journal.phase != JOURNAL_IDLE || run->journal_lost;
    bool gone = run->journal.committed_at != 0, down = false; /* gone: it served, and was removed */

    run->result->outcome = DEPLOY_UNCHANGED;
    if ((!deployment_intact(run) && put_in_order(run, CANDIDATES_TAKEN_BACK, &changes, err)) ||
        end_rollback(run, err))
        return ERR_FAIL;
    note_serving(run);
    str_copy(run->result->pointer_etag, sizeof run->result->pointer_etag, run->journal.etag);
    if (changes && interrupted)
        run->result->outcome = committed ? DEPLOY_DEPLOYED : DEPLOY_ROLLED_BACK;
    for (unsigned i = 0; i < run->unit_count; i++) {
        gone &= !run->units[i].serving;
        down |= run->units[i].serving && !container_runs(run->units[i].serving);
    }
    if (gone || down)
        run->result->outcome = DEPLOY_DOWN;
    return 0;
}

/* ---- rollback ---- */

/* The files are needed only for a new container. */
static void read_recipes(struct run *run)
{
    struct err failure;

    for (unsigned i = 0; i < run->unit_count; i++)
        if (run->host->table->recipe(run->host, i, &run->units[i].recipe, &failure))
            run_warn_of(run, "only the retired container can be started", &failure);
}

/* Replaces the ETag of the hold by that of the pointer now, if the bucket can be reached. */
static int refresh_hold(struct run *run, struct err *err)
{
    struct deploy_want now = {0};
    struct err failure;

    run->result->hold = true;
    if (run->options->store) {
        if (run->host->table->resolve(run->host, &now, &failure) == 0)
            str_copy(run->journal.hold, sizeof run->journal.hold, now.etag);
        else
            run_warn_of(run, "the pointer was not read: its last known value is held", &failure);
    }
    str_copy(run->result->pointer_etag, sizeof run->result->pointer_etag, run->journal.hold);
    return run_save_journal(run, err);
}

/* The same command again completes a rollback that had committed, and does not go back further. */
static int roll_back(struct run *run, struct err *err)
{
    struct err failure;
    unsigned changes = 0;
    bool committed = journal_committed_rollback(&run->journal);

    run->rollback = true;
    if (put_in_order(run, CANDIDATES_TAKEN_BACK, &changes, err))
        return ERR_FAIL;
    note_serving(run);
    committed &= run->journal.phase == JOURNAL_IDLE;
    if (!committed && former_choose(run, err))
        return ERR_FAIL;
    read_recipes(run);
    run->result->outcome = DEPLOY_ROLLED_BACK;
    if (committed || former_mark(run))
        journal_set_hold(&run->journal, true);
    else if (replace(run, err))
        return ERR_FAIL;
    if (refresh_hold(run, &failure))
        run_warn_of(run, "the hold was not written", &failure);
    return 0;
}

static void plan_unit_back(const struct run *run, const struct deploy_unit *unit)
{
    const struct deploy_container *previous = former_find(run, unit);
    struct text *plan = &run->result->plan;

    if (unit->unchanged) {
        text_printf(plan, "%s: nothing to do\n", unit->spec->name);
        return;
    }
    if (previous && strcmp(previous->facts.image_id, run->want.image_id) == 0)
        text_printf(plan, "start %s again: %s\n", previous->facts.name, run->want.ref);
    else
        text_printf(plan, "create a container of %s from %s\n", unit->spec->name, run->want.ref);
    dry_run_switch(unit, plan);
}

static int plan_roll_back(struct run *run, struct err *err)
{
    if (journal_peek(run->host, &run->journal, err) < 0 || survey(run, err))
        return ERR_FAIL;
    dry_run_serving(run);
    report_before(run);
    if (journal_committed_rollback(&run->journal)) {
        text_str(&run->result->plan, "complete the rollback\n");
        return 0;
    }
    if (former_choose(run, err))
        return ERR_FAIL;
    former_mark(run);
    for (unsigned i = 0; i < run->unit_count; i++)
        plan_unit_back(run, &run->units[i]);
    return text_check(&run->result->plan, "the plan", err);
}

/* ---- the frame ---- */

static int check_orders(const struct deploy_options *options, struct err *err)
{
    for (unsigned i = 0; i < options->deployment->unit_count && options->blue_green; i++) {
        const struct unit_spec *unit = &options->deployment->units[i];

        if (unit->port && unit->order == ORDER_STOP_FIRST)
            return err_set(
                err, ERR_USAGE, CODE_ORDER,
                "%s has the order \"stop-first\": it does not serve while it is replaced",
                unit->name);
    }
    return 0;
}

static void finish_journal(struct run *run)
{
    struct err failure;

    if (run->journal.phase == JOURNAL_IDLE)
        return;
    run->journal.phase = JOURNAL_IDLE;
    if (run_save_journal(run, &failure))
        run_warn_of(run, "the journal was not written", &failure);
}

static int run_locked(struct run *run, int (*command)(struct run *run, struct err *err),
                      struct err *err)
{
    int failed;

    if (open_journal(run, err))
        return ERR_FAIL;
    failed = command(run, err);
    if (failed && err->family == ERR_CANCELLED)
        return failed;
    if (!failed)
        finish_journal(run);
    report_after(run, failed ? err : NULL);
    return failed;
}

static int run_command(struct deploy_host *host, const struct deploy_options *options,
                       struct deploy_result *result,
                       int (*command)(struct run *run, struct err *err), struct err *err)
{
    struct run run;
    int failed;

    if (check_orders(options, err) || run_init(&run, host, options, result, err))
        return ERR_FAIL;
    failed = host->table->lock(host, options->lock_wait, err);
    if (!failed) {
        failed = run_locked(&run, command, err);
        host->table->unlock(host);
    }
    run_finish(&run);
    return failed ? ERR_FAIL : 0;
}

int deployer_run(struct deploy_host *host, const struct deploy_options *options,
                 struct deploy_result *result, struct err *err)
{
    if (options->dry_run)
        return dry_run(host, options, result, dry_run_plan, err);
    return run_command(host, options, result, deploy, err);
}

int deployer_converge(struct deploy_host *host, const struct deploy_options *options,
                      struct deploy_result *result, struct err *err)
{
    return run_command(host, options, result, only_converge, err);
}

int deployer_rollback(struct deploy_host *host, const struct deploy_options *options,
                      struct deploy_result *result, struct err *err)
{
    if (options->dry_run)
        return dry_run(host, options, result, plan_roll_back, err);
    return run_command(host, options, result, roll_back, err);
}
