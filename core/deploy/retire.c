/*
 * A unit whose commit failed keeps both containers: converge finishes it later.
 */
#include "deploy/retire.h"

#include "deploy/converge.h"
#include "deploy/drain.h"
#include "deploy/prune.h"
#include "deploy/stop.h"
#include "deploy/survey.h"
#include "deploy/unit.h"

static bool has_former(const struct deploy_unit *unit)
{
    return unit->committed && unit->former && !container_stopped(unit->former);
}

int retire_drain(struct run *run, struct deploy_unit *unit, struct err *err)
{
    struct drained drained;

    if (!has_former(unit))
        return 0;
    if (drain(run, unit, unit->former, unit->spec->drain, &drained, err))
        return ERR_FAIL;
    unit->report->drain_seconds = drained.seconds;
    unit->report->drain_left = drained.left;
    return 0;
}

/* The slot is held, so that no health check lets the next container in. */
static void hold_slot(const struct run *run, const struct deploy_unit *unit)
{
    enum deploy_slot slot = unit->former->labels.slot;
    struct err failure;

    if (slot != unit->serving->labels.slot &&
        run->host->table->hold(run->host, unit->at, slot, &failure) < 0)
        run_warn_of(run, "the free slot was not taken out of rotation", &failure);
}

int retire_stop(struct run *run, struct deploy_unit *unit, struct err *err)
{
    struct stopped stopped;

    if (!unit->committed || !unit->former)
        return 0;
    if (unit_disarm(run, unit->former, err) ||
        stop_container(run, unit, unit->former, &stopped, err))
        return ERR_FAIL;
    if (!unit_stop_first(unit)) {
        unit->report->stop_seconds = stopped.seconds;
        unit->report->stop_forced = stopped.forced;
    }
    hold_slot(run, unit);
    return 0;
}

int retire_rest(struct run *run, struct err *err)
{
    unsigned changes = 0;

    return survey(run, err) || converge(run, CANDIDATES_TAKEN_BACK, &changes, err) ||
                   prune_retired(run, err)
               ? ERR_FAIL
               : 0;
}
