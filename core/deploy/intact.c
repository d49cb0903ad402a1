/*
 * Reads the list of containers, and the state of each proxy. The list has no restart policies. So
 * this check cannot replace converge after an interrupted run.
 */
#include "deploy/intact.h"

#include <stdlib.h>
#include <string.h>

#include "deploy/unit.h"

/* Sorts a container into its unit. False: converge must examine it. */
static bool take(struct run *run, struct deploy_container *container)
{
    struct deploy_unit *unit = unit_of(run, container);

    if (!unit || container->facts.state == CONTAINER_EXITED ||
        !container_has_our_name(unit, container)) /* a copy, or nothing has the name */
        return true;
    if (unit->serving || !container_runs(container) ||
        container->facts.health == HEALTH_UNHEALTHY ||
        strcmp(container->facts.name, unit->spec->name) != 0)
        return false;
    unit->serving = container;
    return true;
}

static bool has_traffic(struct run *run, struct deploy_unit *unit)
{
    struct err ignored;
    int answer = run->host->table->where(run->host, unit->at, &unit->slots, &ignored);

    unit->slots_known = answer == TRAFFIC_OK;
    return answer == TRAFFIC_UNKNOWN ||
           (answer == TRAFFIC_OK && unit->slots & 1u << unit->serving->labels.slot);
}

bool deployment_intact(struct run *run)
{
    struct err ignored;
    unsigned count = 0;

    for (unsigned i = 0; i < run->unit_count; i++)
        run->units[i].serving = run->units[i].candidate = NULL;
    if (run->journal.phase != JOURNAL_IDLE || run->journal_lost ||
        run->host->table->list_states(run->host, run->containers, run->container_max, &count,
                                      &ignored))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!take(run, &run->containers[i]))
            return false;
    for (unsigned i = 0; i < run->unit_count; i++)
        if (!run->units[i].serving || !has_traffic(run, &run->units[i]))
            return false;
    return true;
}
