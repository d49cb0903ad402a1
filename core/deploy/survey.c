/*
 * One list of the containers with the label, one inspect for each, and the holder of each name.
 */
#include "deploy/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "deploy/unit.h"

static int add_member(struct deploy_unit *unit, struct deploy_container *container, struct err *err)
{
    if (unit->count == UNIT_CONTAINERS_MAX)
        return err_set(err, ERR_DOCKER, "containers", "%s has more than %d containers",
                       unit->spec->name, UNIT_CONTAINERS_MAX);
    unit->members[unit->count++] = container;
    if (container->labels.generation > unit->generation)
        unit->generation = container->labels.generation;
    return 0;
}

/* A container of a unit that the entry does not have any more is the user's to stop. */
static void warn_forgotten(const struct run *run, const struct deploy_container *container)
{
    if (!run->told_strangers && container_runs(container))
        run_warn(run,
                 "%s runs, but the entry of the deployment has no unit of its label %s: stop it if "
                 "it is not needed",
                 container->facts.name, container->labels.deploy);
}

/* Adds a container to its unit. Others are skipped. */
static int add_container(struct run *run, const char *id, struct err *err)
{
    struct deploy_container *container = &run->containers[run->container_count];
    struct deploy_unit *unit;
    int answer;

    if (run->container_count == run->container_max)
        return err_set(err, ERR_DOCKER, "containers", "the deployment has more than %u containers",
                       run->container_max);
    answer = run->host->table->inspect(run->host, id, container, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    unit = unit_of(run, container);
    if (!unit) {
        if (container->ours)
            warn_forgotten(run, container);
        return 0;
    }
    run->container_count++;
    return add_member(unit, container, err);
}

/* ---- copies ---- */

/* Returns true if the labels of a container were copied from another one. A container that a user
 * renamed is no copy, as long as no other container has its place. */
static bool is_copy(const struct deploy_unit *unit, const struct deploy_container *container)
{
    if (container_has_our_name(unit, container))
        return false;
    for (unsigned i = 0; i < unit->count; i++) {
        const struct deploy_container *other = unit->members[i];

        if (strcmp(other->facts.name, unit->spec->name) == 0 ||
            (other->labels.generation == container->labels.generation &&
             container_has_our_name(unit, other)))
            return true;
    }
    return false;
}

/* Copies are not ours to stop. Their generation stays counted, so that names are not used twice. */
static void drop_copies(const struct run *run, struct deploy_unit *unit)
{
    unsigned at = 0;

    while (at < unit->count) {
        const struct deploy_container *container = unit->members[at];

        if (!is_copy(unit, container)) {
            at++;
            continue;
        }
        if (!run->told_strangers)
            run_warn(run,
                     "%s has the labels of a container of %s, but not its name: it is left alone",
                     container->facts.name, unit->spec->name);
        memmove(&unit->members[at], &unit->members[at + 1],
                (unit->count - at - 1) * sizeof(struct deploy_container *));
        unit->count--;
    }
}

int survey_add(struct run *run, struct deploy_unit *unit, const char *id,
               struct deploy_container **out, struct err *err)
{
    if (add_container(run, id, err))
        return ERR_FAIL;
    *out = unit_member(unit, id);
    if (!*out)
        return err_set(err, ERR_DOCKER, CODE_INSPECT, "the daemon does not show container %.12s",
                       id);
    return 0;
}

/* Refuses a foreign container with the name of the unit. */
static int check_name(const struct run *run, const struct deploy_unit *unit, struct err *err)
{
    const struct deployment *deployment = run->options->deployment;
    const char *name = unit->spec->name;
    struct deploy_container container;
    int answer;

    if (unit_holder(unit))
        return 0;
    answer = run->host->table->inspect(run->host, name, &container, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    if (strcmp(container.facts.name, name) != 0)
        return 0; /* the name is the start of its id */
    if (container.ours) {
        err_set(err, ERR_CONFLICT, CODE_CONTAINER,
                "a container of the deployment %s has the name %s", container.labels.deploy, name);
        return err_hint(err, "give one of the two another name, with the key \"name\"");
    }
    err_set(err, ERR_CONFLICT, CODE_CONTAINER,
            "a container that s3dock did not create has the name %s", name);
    return err_about(err, "%s %s %s", name, deployment->app, deployment->env);
}

static void read_slots(const struct run *run, struct deploy_unit *unit)
{
    struct err failure;
    int answer = run->host->table->where(run->host, unit->at, &unit->slots, &failure);

    unit->slots_known = answer == TRAFFIC_OK;
}

int survey(struct run *run, struct err *err)
{
    char(*ids)[DOCKER_ID_SIZE] = calloc(run->container_max, sizeof *ids);
    unsigned count = 0;
    int failed;

    if (!ids)
        return err_memory(err, "the list of containers");
    run->container_count = 0;
    for (unsigned i = 0; i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        unit->count = 0;
        unit->serving = unit->candidate = NULL;
    }
    failed = run->host->table->list(run->host, ids, run->container_max, &count, err);
    for (unsigned i = 0; i < count && !failed; i++)
        failed = add_container(run, ids[i], err);
    free(ids);
    for (unsigned i = 0; i < run->unit_count && !failed; i++) {
        drop_copies(run, &run->units[i]);
        failed = check_name(run, &run->units[i], err);
        read_slots(run, &run->units[i]);
    }
    run->told_strangers = true;
    return failed ? ERR_FAIL : 0;
}
