/*
 * The candidate of a commit that began comes first, then the holder of the name, if it runs.
 * Without both, the best running container that passes its gate is chosen: armed ones before
 * others, candidates before retired ones, those in rotation before others, new ones before old
 * ones. If none passes, one that served before is better than none.
 */
#include "deploy/serving.h"

#include <string.h>

#include "deploy/unit.h"

bool serving_abandoned(const struct run *run, const struct deploy_unit *unit,
                       const struct deploy_container *container)
{
    const struct journal_unit *entry = journal_unit(&run->journal, unit->spec->unit);

    return run->journal.phase == JOURNAL_BACK && entry &&
           strcmp(entry->candidate, container->facts.id) == 0;
}

/* The candidate of a commit that the journal announces. */
static struct deploy_container *find_committed(const struct run *run,
                                               const struct deploy_unit *unit)
{
    const struct journal_unit *entry = journal_unit(&run->journal, unit->spec->unit);

    if (!entry || !journal_committed(&run->journal))
        return NULL;
    return unit_member(unit, entry->candidate);
}

static bool in_rotation(const struct deploy_unit *unit, const struct deploy_container *container)
{
    return unit->slots_known && unit->slots & 1u << container->labels.slot;
}

/* The larger, the better. 0: it cannot serve. */
static uint64_t rank(const struct run *run, const struct deploy_unit *unit,
                     const struct deploy_container *container)
{
    bool armed = container_armed(run, container), retired = container_retired(container);

    if (!container_runs(container) || serving_abandoned(run, unit, container))
        return 0;
    if (!armed && !retired)
        return 0; /* a candidate that never served */
    return (uint64_t)armed << 42 | (uint64_t)!retired << 41 |
           (uint64_t)in_rotation(unit, container) << 40 | container->labels.generation;
}

/* The best container whose rank is below `limit`, and its rank. */
static struct deploy_container *find_best(const struct run *run, const struct deploy_unit *unit,
                                          uint64_t *limit)
{
    struct deploy_container *best = NULL;
    uint64_t best_rank = 0;

    for (unsigned i = 0; i < unit->count; i++) {
        uint64_t now = rank(run, unit, unit->members[i]);

        if (now > best_rank && now < *limit) {
            best = unit->members[i];
            best_rank = now;
        }
    }
    *limit = best_rank;
    return best;
}

/* Without any that passes its gate: the newest running container that served. */
static struct deploy_container *find_former(const struct run *run, const struct deploy_unit *unit)
{
    struct deploy_container *best = NULL;

    for (unsigned i = 0; i < unit->count; i++) {
        struct deploy_container *container = unit->members[i];

        if (container_runs(container) && container_retired(container) &&
            !serving_abandoned(run, unit, container) && (!best || container_newer(container, best)))
            best = container;
    }
    return best;
}

struct deploy_container *serving_choose(const struct run *run, const struct deploy_unit *unit)
{
    struct deploy_container *holder = unit_holder(unit), *committed = find_committed(run, unit),
                            *best;
    uint64_t limit = UINT64_MAX;

    if (committed && committed != holder && container_runs(committed) &&
        unit_passes(run, unit, committed))
        return committed;
    if (container_runs(holder))
        return holder;
    while ((best = find_best(run, unit, &limit)))
        if (unit_passes(run, unit, best))
            return best;
    return holder ? holder : find_former(run, unit);
}

/* Returns true if the image of a container is not known to be another one. */
static bool has_wanted_id(const struct run *run, const struct deploy_container *container)
{
    return !run->host->proves || !run->want.image_id[0] ||
           strcmp(container->facts.image_id, run->want.image_id) == 0;
}

bool serving_is_wanted(const struct run *run, const struct deploy_unit *unit,
                       const struct deploy_container *container)
{
    return container_runs(container) && container->facts.health != HEALTH_UNHEALTHY &&
           strcmp(container->labels.image, run->want.ref) == 0 && has_wanted_id(run, container) &&
           (run->options->automatic || strcmp(container->labels.spec, unit->recipe.hash) == 0);
}
