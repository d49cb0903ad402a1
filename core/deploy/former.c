/*
 * Retired containers are the candidates. The journal names the target image of an interrupted
 * rollback, and the image that the last rollback replaced.
 */
#include "deploy/former.h"

#include <string.h>

#include "base/codes.h"
#include "deploy/unit.h"

/* After converge: returns true if an interrupted rollback has reached its image in this unit. If
 * the rollback replaced a container of the same image, only the journal has the id of the new
 * one. */
bool former_reached(const struct run *run, const struct deploy_unit *unit)
{
    const struct journal_unit *entry = journal_unit(&run->journal, unit->spec->unit);
    const struct journal *journal = &run->journal;

    return journal->target[0] && container_runs(unit->serving) &&
           strcmp(unit->serving->labels.image, journal->target) == 0 &&
           (strcmp(journal->left, journal->target) != 0 || !entry ||
            strcmp(entry->candidate, unit->serving->facts.id) == 0);
}

/* After a rollback, a second one does not return to what the first one left. */
static bool may_return_to(const struct run *run, const struct deploy_unit *unit,
                          const struct deploy_container *container)
{
    if (container == unit->serving || !container_retired(container))
        return false;
    return !run->journal.hold[0] ||
           (strcmp(container->labels.image, run->journal.left) != 0 &&
            (!unit->serving || container_origin(container) < container_origin(unit->serving)));
}

/* The newest container that was replaced, if possible one that differs from what serves. */
const struct deploy_container *former_find(const struct run *run, const struct deploy_unit *unit)
{
    const struct deploy_container *best = NULL;

    for (unsigned i = 0; i < unit->count; i++) {
        const struct deploy_container *container = unit->members[i];

        if (may_return_to(run, unit, container) && (!best || unit_prefers(unit, container, best)))
            best = container;
    }
    return best;
}

/* A container of the image that an interrupted rollback wanted. */
static const struct deploy_container *find_target(const struct run *run)
{
    for (unsigned i = 0; i < run->unit_count && run->journal.target[0]; i++)
        for (unsigned j = 0; j < run->units[i].count; j++)
            if (strcmp(run->units[i].members[j]->labels.image, run->journal.target) == 0)
                return run->units[i].members[j];
    return NULL;
}

/* The container of the first unit that has one which differs, else of the first that has one. */
static const struct deploy_container *find_previous_of_all(const struct run *run)
{
    const struct deploy_container *same = NULL;

    for (unsigned i = 0; i < run->unit_count; i++) {
        const struct deploy_container *previous = former_find(run, &run->units[i]);

        if (previous && unit_differs(&run->units[i], previous))
            return previous;
        if (!same)
            same = previous;
    }
    if (same)
        run_warn(run,
                 "this host keeps no container of another image: the rollback returns to the "
                 "former container of %s",
                 same->labels.image);
    return same;
}

int former_choose(struct run *run, struct err *err)
{
    const struct deployment *deployment = run->options->deployment;
    const struct deploy_container *previous = find_target(run);

    if (!previous)
        previous = find_previous_of_all(run);
    if (!previous) {
        err_set(err, ERR_NOT_FOUND, CODE_PREVIOUS,
                "this host has no earlier container of %s/%s to return to", deployment->app,
                deployment->env);
        return err_about(err, "%s", deployment->app);
    }
    str_copy(run->want.ref, sizeof run->want.ref, previous->labels.image);
    str_copy(run->want.image_id, sizeof run->want.image_id, previous->facts.image_id);
    return 0;
}

static bool has_earlier(const struct run *run, const struct deploy_unit *unit)
{
    for (unsigned i = 0; i < unit->count; i++)
        if (container_retired(unit->members[i]) &&
            strcmp(unit->members[i]->facts.image_id, run->want.image_id) == 0)
            return true;
    return false;
}

/* Two kinds of units have the image already, and no earlier container of it. One was not replaced
 * together with the others. An interrupted rollback has reached the other one. */
bool former_mark(struct run *run)
{
    bool all = true;

    for (unsigned i = 0; i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        unit->unchanged = container_runs(unit->serving) &&
                          strcmp(unit->serving->facts.image_id, run->want.image_id) == 0 &&
                          (former_reached(run, unit) || !has_earlier(run, unit));
        all &= unit->unchanged;
    }
    return all;
}
