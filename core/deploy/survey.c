/*
 * One list of the containers with the label, one inspect for each, and the holder of each name.
 */
#include "deploy/survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "deploy/unit.h"

static struct deploy_unit *unit_of(struct run *run, const struct deploy_container *container)
{
    for (unsigned i = 0; i < run->unit_count; i++)
        if (strcmp(run->units[i].label, container->labels.deploy) == 0)
            return &run->units[i];
    return NULL;
}

static void add_member(struct deploy_unit *unit, struct deploy_container *container)
{
    if (unit->count == UNIT_CONTAINERS_MAX)
        return;
    unit->members[unit->count++] = container;
    if (container->labels.generation > unit->generation)
        unit->generation = container->labels.generation;
}

/* Adds a container to its unit. Others are skipped. */
static int add_container(struct run *run, const char *id, struct err *err)
{
    struct deploy_container *container = &run->containers[run->container_count];
    struct deploy_unit *unit;
    int answer;

    if (run->container_count == RUN_CONTAINERS_MAX)
        return err_set(err, ERR_DOCKER, "containers", "the deployment has more than %d containers",
                       RUN_CONTAINERS_MAX);
    answer = run->host->table->inspect(run->host, id, container, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    unit = container->ours ? unit_of(run, container) : NULL;
    if (unit) {
        run->container_count++;
        add_member(unit, container);
    }
    return 0;
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
    char(*ids)[DOCKER_ID_SIZE] = calloc(RUN_CONTAINERS_MAX, sizeof *ids);
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
    failed = run->host->table->list(run->host, ids, RUN_CONTAINERS_MAX, &count, err);
    for (unsigned i = 0; i < count && !failed; i++)
        failed = add_container(run, ids[i], err);
    free(ids);
    for (unsigned i = 0; i < run->unit_count && !failed; i++) {
        failed = check_name(run, &run->units[i], err);
        read_slots(run, &run->units[i]);
    }
    return failed ? ERR_FAIL : 0;
}
