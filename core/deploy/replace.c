/*
 * After a failure, converge restores O. It reads containers and proxy, not what this run has done.
 */
#include "deploy/replace.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "deploy/converge.h"
#include "deploy/steps.h"
#include "deploy/survey.h"
#include "deploy/unit.h"

/* ---- the failure ---- */

void replace_spec_of(const struct run *run, char out[SHA256_HEX_SIZE])
{
    char all[DEPLOY_UNITS_MAX][SHA256_HEX_SIZE] = {{0}};
    uint8_t digest[SHA256_SIZE];

    for (unsigned i = 0; i < run->unit_count; i++)
        str_copy(all[i], sizeof all[i], run->units[i].recipe.hash);
    sha256_of(view_of(all, sizeof all), digest);
    hex_encode(digest, sizeof digest, out);
}

/* These failures are of the image. A full disk or an unreachable daemon is not. */
static bool is_worth_remembering(const struct err *err)
{
    return err_is(err, ERR_DEPLOY, CODE_EXITED) || err_is(err, ERR_DEPLOY, CODE_UNHEALTHY) ||
           err_is(err, ERR_DEPLOY, CODE_OBSERVE);
}

static void remember(struct run *run, const struct err *failure)
{
    struct journal_failure *memory = &run->journal.failure;

    if (run->rollback || !is_worth_remembering(failure))
        return;
    run->result->remembered = true;
    str_copy(memory->etag, sizeof memory->etag, run->want.etag);
    str_copy(memory->ref, sizeof memory->ref, run->want.ref);
    replace_spec_of(run, memory->spec);
    str_copy(memory->code, sizeof memory->code, failure->code);
    snprintf(memory->text, sizeof memory->text, "%.*s", (int)sizeof memory->text - 1,
             failure->text);
}

/* ---- undoing the steps ---- */

static bool is_down(const struct deploy_unit *unit, bool surveyed)
{
    if (surveyed)
        return unit->served && !container_runs(unit->serving);
    return unit->gap_from != 0;
}

static bool any_is_down(const struct run *run, bool surveyed)
{
    for (unsigned i = 0; i < run->unit_count; i++)
        if (is_down(&run->units[i], surveyed))
            return true;
    return false;
}

static int converge_back(struct run *run, bool *surveyed, struct err *err)
{
    unsigned changes = 0;

    *surveyed = survey(run, err) == 0;
    return *surveyed && converge(run, CANDIDATES_TAKEN_BACK, &changes, err) == 0 ? 0 : ERR_FAIL;
}

/* Makes O serve. Stores whether all steps were undone. Fails only with a cancel. */
static int take_back(struct run *run, const struct err *failure, bool *clean, struct err *err)
{
    bool switched = run->journal.phase != JOURNAL_PREPARE, surveyed;
    struct err trouble;

    run_phase(run, "back", "");
    run->journal.phase = JOURNAL_BACK;
    remember(run, failure);
    if (run_save_journal(run, &trouble))
        run_warn_of(run, "the journal was not written", &trouble);
    *clean = converge_back(run, &surveyed, &trouble) == 0;
    if (!*clean) {
        if (run_continue(run, "not everything was taken back", &trouble, err))
            return ERR_FAIL;
    } else {
        run->journal.phase = JOURNAL_IDLE;
        if (run_save_journal(run, &trouble))
            run_warn_of(run, "the journal was not written", &trouble);
    }
    run->result->outcome = any_is_down(run, surveyed) ? DEPLOY_DOWN
                           : switched                 ? DEPLOY_ROLLED_BACK
                                                      : DEPLOY_FAILED;
    return 0;
}

/* ---- the second try ---- */

static bool may_try_fresh(const struct run *run, const struct err *failure)
{
    bool reused = false;

    for (unsigned i = 0; i < run->unit_count; i++)
        reused |= run->units[i].reused;
    return reused && !run->fresh && run->result->outcome != DEPLOY_DOWN &&
           (err_is(failure, ERR_DEPLOY, CODE_START) || err_is(failure, ERR_DEPLOY, CODE_EXITED) ||
            err_is(failure, ERR_DEPLOY, CODE_UNHEALTHY));
}

static void forget_try(struct run *run)
{
    run->fresh = true;
    for (unsigned i = 0; i < run->unit_count; i++) {
        run->units[i].reused = run->units[i].committed = false;
        run->units[i].gap_from = 0;
    }
    run->journal.failure = (struct journal_failure){0};
    run->result->remembered = false;
    text_clear(&run->result->log);
}

static int report_down(struct run *run, const struct err *failure, struct err *err)
{
    err_set(err, ERR_DOWN, CODE_SERVING, "nothing of %s serves: %s", run->options->deployment->app,
            failure->text);
    return err_hint(err, "%s", failure->hint);
}

int replace(struct run *run, struct err *err)
{
    for (;;) {
        struct err failure;
        bool clean;

        if (steps_run(run, &failure) == 0) {
            run->result->outcome = run->rollback ? DEPLOY_ROLLED_BACK : DEPLOY_DEPLOYED;
            return 0;
        }
        *err = failure;
        if (failure.family == ERR_CANCELLED || take_back(run, &failure, &clean, err))
            return ERR_FAIL;
        if (run->result->outcome == DEPLOY_DOWN)
            return report_down(run, &failure, err);
        if (!clean || !may_try_fresh(run, &failure))
            return ERR_FAIL;
        run_note(run, "the former container does not come up (%s): a new one is created",
                 failure.text);
        forget_try(run);
    }
}
