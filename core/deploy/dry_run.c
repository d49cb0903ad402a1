/*
 * Reads what a run would read. An interrupted run is reported and not repaired.
 */
#include "deploy/dry_run.h"

#include <string.h>

#include "deploy/prepare.h"
#include "deploy/report.h"
#include "deploy/room.h"
#include "deploy/serving.h"
#include "deploy/survey.h"
#include "deploy/unit.h"

static const char *const TRAFFIC_NAMES[] = {
    [TRAFFIC_ABSENT] = "no proxy",     [TRAFFIC_HAPROXY] = "haproxy",
    [TRAFFIC_CADDY] = "caddy",         [TRAFFIC_FILE] = "the file of the proxy",
    [TRAFFIC_COMMAND] = "the command",
};

void dry_run_switch(const struct deploy_unit *unit, struct text *plan)
{
    const char *name = unit->spec->name;

    if (unit_stop_first(unit) && unit->serving)
        text_printf(plan, "stop %s, then start the new container: there is a gap\n", name);
    text_printf(plan, "wait until the new container is ready\n");
    if (unit->spec->traffic.kind != TRAFFIC_ABSENT)
        text_printf(plan, "switch %s to slot %s\n", TRAFFIC_NAMES[unit->spec->traffic.kind],
                    deploy_slot_name(unit_free_slot(unit)));
    if (!unit->serving)
        return;
    text_printf(plan, "%s %s as %s.g%u" UNIT_RETIRED "\n",
                unit_stop_first(unit) ? "keep" : "stop, and keep", name, name,
                unit->serving->labels.generation);
}

/* `again`: the retired container that is started again, or NULL. */
static void plan_prune(const struct deploy_unit *unit, const struct deploy_container *again,
                       struct text *plan)
{
    unsigned keep = unit->spec->keep ? unit->spec->keep : 1;
    unsigned retired = unit->serving ? 1 : 0;

    for (unsigned i = 0; i < unit->count; i++)
        retired += unit->members[i] != again && container_retired(unit->members[i]);
    if (retired > keep)
        text_printf(plan, "remove older containers of %s: %u\n", unit->spec->name, retired - keep);
}

static void plan_warnings(const struct text *warnings, struct text *plan)
{
    const char *at = warnings->data ? warnings->data : "";

    while (*at) {
        size_t size = strcspn(at, "\n");

        text_printf(plan, "warning: %.*s\n", (int)size, at);
        at += size + (at[size] == '\n');
    }
}

/* Creates a container, compares it, and removes it. */
static int try_judge(struct run *run, struct deploy_unit *unit, struct text *plan, struct err *err)
{
    struct deploy_labels labels = {.generation = unit->generation + 1,
                                   .slot = unit_free_slot(unit)};
    char name[DOCKER_NAME_SIZE], id[DOCKER_ID_SIZE];
    const struct deploy_creation creation = {.name = name, .labels = &labels};
    _cleanup_text_ struct text warnings = {0};
    struct err trouble;
    int failed;

    text_init(&warnings, 64 * KIB);
    unit_candidate_name(unit, labels.generation, name);
    str_copy(labels.deploy, sizeof labels.deploy, unit->label);
    str_copy(labels.image, sizeof labels.image, run->want.ref);
    str_copy(labels.image_id, sizeof labels.image_id, run->want.image_id);
    str_copy(labels.spec, sizeof labels.spec, unit->recipe.hash);
    str_copy(labels.restart, sizeof labels.restart, unit->recipe.restart);
    if (run->host->table->create(run->host, unit->at, &creation, id, err))
        return ERR_FAIL;
    failed = run->host->table->judge(run->host, unit->at, id,
                                     unit->serving ? unit->serving->facts.id : "", &warnings, err);
    plan_warnings(&warnings, plan);
    if (run->host->table->remove(run->host, id, true, &trouble) < 0)
        run_warn_of(run, "the container that was created for the comparison remains", &trouble);
    return failed;
}

static int plan_create(struct run *run, struct deploy_unit *unit, bool present, struct text *plan,
                       struct err *err)
{
    char name[DOCKER_NAME_SIZE];

    unit_candidate_name(unit, unit->generation + 1, name);
    text_printf(plan, "create %s from %s", name, run->want.ref);
    if (unit->spec->slot_ports[SLOT_BLUE] || unit->spec->slot_names[SLOT_BLUE][0])
        text_printf(plan, " in slot %s", deploy_slot_name(unit_free_slot(unit)));
    text_printf(plan, "\n");
    if (run->options->offline || !present)
        text_printf(plan, "compare it with its file\n");
    else if (try_judge(run, unit, plan, err))
        return ERR_FAIL;
    else
        text_printf(plan, "compare it with its file: done, with a container that was removed\n");
    return 0;
}

static int plan_unit(struct run *run, struct deploy_unit *unit, bool present, struct err *err)
{
    const struct deploy_container *again = prepare_find_retired(run, unit);
    struct text *plan = &run->result->plan;

    if (unit->unchanged) {
        text_printf(plan, "%s: nothing to do\n", unit->spec->name);
        return 0;
    }
    if (again)
        text_printf(plan, "start %s again: %s\n", again->facts.name, run->want.ref);
    else if (plan_create(run, unit, present, plan, err))
        return ERR_FAIL;
    dry_run_switch(unit, plan);
    plan_prune(unit, again, plan);
    return 0;
}

void dry_run_serving(struct run *run)
{
    for (unsigned i = 0; i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        unit->serving = serving_choose(run, unit);
        for (unsigned j = 0; j < unit->count; j++)
            if (unit->members[j] != unit->serving && container_runs(unit->members[j]))
                text_printf(&run->result->plan, "first continue or take back %s\n",
                            unit->members[j]->facts.name);
    }
}

static int plan_pull(struct run *run, struct err *err)
{
    struct deploy_room room = {0};
    char text[ROOM_TEXT_SIZE];

    if (run->host->table->room(run->host, &run->want, &room, err))
        return ERR_FAIL;
    room_describe(&room, text);
    text_printf(&run->result->plan, "pull %s%s%s\n", run->want.ref, room.known ? ": it " : "",
                room.known ? text : "");
    return 0;
}

/* Reads what the pointer and the files mean, and marks the units that have nothing to do. */
static int compare(struct run *run, bool *all, bool *present, struct err *err)
{
    const struct deploy_host_table *table = run->host->table;
    int answer;

    if (table->resolve(run->host, &run->want, err))
        return ERR_FAIL;
    answer = table->look(run->host, &run->want, err);
    *present = answer == DOCKER_OK;
    *all = true;
    for (unsigned i = 0; answer >= 0 && i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        if (table->recipe(run->host, i, &unit->recipe, err))
            return ERR_FAIL;
        unit->unchanged = !run->options->force && serving_is_wanted(run, unit, unit->serving);
        *all &= unit->unchanged;
    }
    return answer < 0 ? ERR_FAIL : 0;
}

int dry_run_plan(struct run *run, struct err *err)
{
    bool all, present;

    if (survey(run, err))
        return ERR_FAIL;
    dry_run_serving(run);
    if (compare(run, &all, &present, err))
        return ERR_FAIL;
    report_before(run);
    if (!present && (!all || run->host->proves) && plan_pull(run, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < run->unit_count; i++)
        if (plan_unit(run, &run->units[i], present, err))
            return ERR_FAIL;
    return text_check(&run->result->plan, "the plan", err);
}

int dry_run(struct deploy_host *host, const struct deploy_options *options,
            struct deploy_result *result, dry_run_fn *plan, struct err *err)
{
    struct run run;
    int failed;

    if (run_init(&run, host, options, result, err))
        return ERR_FAIL;
    failed = plan(&run, err);
    result->outcome = DEPLOY_PLANNED;
    str_copy(result->image_ref, sizeof result->image_ref, run.want.ref);
    str_copy(result->pointer_etag, sizeof result->pointer_etag, run.want.etag);
    run_finish(&run);
    return failed ? ERR_FAIL : 0;
}
