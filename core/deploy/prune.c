/*
 * Only containers that are stopped, and have the name of a retired or failed container, are
 * removed. Volumes are never removed.
 */
#include "deploy/prune.h"

#include <string.h>

#include "deploy/unit.h"

/* Returns true if the last commit replaced this container. One that a rollback tried in vain was
 * started later. */
static bool served_last(const struct run *run, const struct deploy_unit *unit,
                        const struct deploy_container *container)
{
    const struct journal_unit *entry = journal_unit(&run->journal, unit->spec->unit);

    return entry && strcmp(entry->serving, container->facts.id) == 0;
}

/* Returns true if `a` is kept rather than `b`. The container that served last always stays. If it
 * equals the one that serves, a rollback has no use for it: it takes the place of no other one. */
static bool is_kept_before(const struct run *run, const struct deploy_unit *unit,
                           const struct deploy_container *a, const struct deploy_container *b)
{
    if (served_last(run, unit, b))
        return false;
    if (served_last(run, unit, a))
        return unit_differs(unit, a) || !unit_differs(unit, b);
    return unit_prefers(unit, a, b);
}

static unsigned count_before(const struct run *run, const struct deploy_unit *unit,
                             const struct deploy_container *container)
{
    unsigned before = 0;

    for (unsigned i = 0; i < unit->count; i++) {
        const struct deploy_container *c = unit->members[i];

        before += c != container && c != unit->serving && container_retired(c) &&
                  is_kept_before(run, unit, c, container);
    }
    return before;
}

static bool is_needed(const struct run *run, const struct deploy_unit *unit,
                      const struct deploy_container *container, unsigned keep)
{
    if (container == unit->serving || container == unit->candidate ||
        !container_stopped(container) || container == unit_holder(unit))
        return true;
    return container_retired(container) && count_before(run, unit, container) < (keep ? keep : 1);
}

static void drop_member(struct deploy_unit *unit, unsigned at)
{
    for (unsigned i = at; i + 1 < unit->count; i++)
        unit->members[i] = unit->members[i + 1];
    unit->count--;
}

static int remove_member(struct run *run, struct deploy_unit *unit, unsigned at, struct err *err)
{
    const struct deploy_container *container = unit->members[at];

    if (run->host->table->remove(run->host, container->facts.id, container_never_ran(container),
                                 err) < 0)
        return ERR_FAIL;
    drop_member(unit, at);
    run->result->pruned_containers++;
    return 0;
}

int prune_containers(struct run *run, struct deploy_unit *unit, unsigned keep, struct err *err)
{
    for (unsigned i = unit->count; i-- > 0;)
        if (!is_needed(run, unit, unit->members[i], keep) && remove_member(run, unit, i, err))
            return ERR_FAIL;
    return 0;
}

int prune_retired(struct run *run, struct err *err)
{
    for (unsigned i = 0; i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        for (unsigned j = unit->count; container_runs(unit->serving) && j-- > 0;)
            if (container_retired(unit->members[j]) &&
                !is_needed(run, unit, unit->members[j], unit->spec->keep) &&
                remove_member(run, unit, j, err))
                return ERR_FAIL;
    }
    return 0;
}

int prune_failed(struct run *run, struct deploy_unit *unit, struct err *err)
{
    for (unsigned i = unit->count; i-- > 0;)
        if (!container_retired(unit->members[i]) && !is_needed(run, unit, unit->members[i], 1) &&
            remove_member(run, unit, i, err))
            return ERR_FAIL;
    return 0;
}

int prune_images(struct run *run, bool dangling, struct err *err)
{
    return run->host->table->prune_images(run->host, run->want.ref, dangling,
                                          &run->result->pruned_images, err);
}
