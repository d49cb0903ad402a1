/*
 * The image of the result is that of the first unit.
 */
#include "deploy/report.h"

#include "base/codes.h"
#include "deploy/unit.h"

void report_before(struct run *run)
{
    struct deploy_result *result = run->result;

    for (unsigned i = 0; i < run->unit_count; i++) {
        const struct deploy_container *serving = run->units[i].serving;

        if (!serving)
            continue;
        str_copy(result->units[i].previous, sizeof result->units[i].previous, serving->facts.id);
        if (!result->previous_ref[0])
            str_copy(result->previous_ref, sizeof result->previous_ref, serving->labels.image);
    }
}

static void note_serving(struct run *run)
{
    struct deploy_result *result = run->result;

    result->image_ref[0] = result->image_id[0] = '\0';
    for (unsigned i = 0; i < run->unit_count; i++) {
        const struct deploy_container *serving = run->units[i].serving;
        struct deploy_unit_result *unit = &result->units[i];

        unit->container[0] = '\0';
        if (!container_runs(serving))
            continue;
        str_copy(unit->container, sizeof unit->container, serving->facts.id);
        unit->generation = serving->labels.generation;
        unit->slot = serving->labels.slot;
        if (result->image_ref[0])
            continue;
        str_copy(result->image_ref, sizeof result->image_ref, serving->labels.image);
        str_copy(result->image_id, sizeof result->image_id, serving->facts.image_id);
    }
}

/* Returns true if a tick of `watch` found that nothing runs. It has deployed nothing. */
static bool is_found_down(const struct run *run, const struct err *failure)
{
    return !failure && run->result->outcome == DEPLOY_DOWN;
}

/* Returns true if an earlier run may have had this result. Without the pointer it is not known: a
 * tick of `watch` must not replace the document of a run that failed. */
static bool is_repeated(const struct run *run, const struct err *failure)
{
    if (is_found_down(run, failure))
        return true;
    if (!run->want.ref[0])
        return false;
    return failure ? err_is(failure, ERR_CONFLICT, CODE_HOLD) ||
                         err_is(failure, ERR_CONFLICT, CODE_FAILED)
                   : run->result->outcome == DEPLOY_UNCHANGED;
}

/* Failures that are not of the deployment are not reported. */
static bool is_news(const struct run *run, const struct err *failure)
{
    enum deploy_outcome outcome = run->result->outcome;

    if (!failure)
        return outcome != DEPLOY_UNCHANGED && outcome != DEPLOY_PLANNED &&
               !is_found_down(run, failure);
    return failure->family == ERR_DEPLOY || failure->family == ERR_DOWN ||
           failure->family == ERR_INTEGRITY || failure->family == ERR_USAGE ||
           failure->family == ERR_LOCAL;
}

static void run_after(struct run *run)
{
    const struct deploy_unit_result *unit = &run->result->units[0];
    const struct deploy_hook hook = {
        .argv = run->options->deployment->after,
        .unit = unit->unit,
        .image = run->result->image_ref,
        .container = unit->container,
        .target = "",
        .previous = unit->previous,
        .result = deploy_outcome_name(run->result->outcome),
    };
    struct err failure;

    if (hook.argv && run->host->table->hook(run->host, &hook, &failure))
        run_warn_of(run, "the command `after` failed", &failure);
}

/* A refusal that was reported within a day is no warning. */
static void write_record(struct run *run, const struct err *failure)
{
    struct err trouble;
    int answer;

    run_phase(run, "record", "");
    answer = run->host->table->record(run->host, run->result, failure, &trouble);
    run->result->recorded = answer == 0;
    if (answer < 0)
        run_warn_of(run, "the record of this host was not written", &trouble);
}

/* The earlier run may have been killed before it wrote the document. */
static void record_repeated(struct run *run, const struct err *failure)
{
    struct err first;

    run->result->repeated = true;
    if (!failure || !err_is(failure, ERR_CONFLICT, CODE_FAILED)) {
        write_record(run, NULL);
        return;
    }
    if (run->result->outcome == DEPLOY_DOWN)
        err_set(&first, ERR_DOWN, CODE_SERVING, "%s", failure->text);
    else
        err_set(&first, ERR_DEPLOY, run->journal.failure.code, "%s", failure->text);
    write_record(run, &first);
}

void report_after(struct run *run, const struct err *failure)
{
    bool news = is_news(run, failure);

    note_serving(run);
    run->result->hold |= run->journal.hold[0] != '\0';
    str_copy(run->result->wanted_ref, sizeof run->result->wanted_ref, run->want.ref);
    if (news)
        write_record(run, failure);
    else if (is_repeated(run, failure))
        record_repeated(run, failure);
    if (news)
        run_after(run);
}
