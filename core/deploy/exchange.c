/*
 * C gets its policy before O is stopped: a container that was never started does not come up when
 * the host boots. One that ran before may, so it gets its policy after O has ended. O loses its
 * policy only after it has ended, so that O comes back if the host boots before.
 */
#include "deploy/exchange.h"

#include "deploy/prepare.h"
#include "deploy/stop.h"
#include "deploy/unit.h"

static int stop_serving(struct run *run, struct deploy_unit *unit, struct err *err)
{
    struct deploy_container *serving = unit->serving;
    struct stopped stopped;

    if (!serving)
        return 0;
    if (container_runs(serving))
        unit->gap_from = run_now(run);
    if (stop_container(run, unit, serving, &stopped, err))
        return ERR_FAIL;
    unit->report->stop_seconds = stopped.seconds;
    unit->report->stop_forced = stopped.forced;
    return unit_disarm(run, serving, err);
}

int exchange(struct run *run, struct deploy_unit *unit, struct err *err)
{
    bool ran_before = unit->reused;

    if ((!ran_before && unit_arm(run, unit->candidate, err)) || stop_serving(run, unit, err) ||
        unit_arm(run, unit->candidate, err) || prepare_start(run, unit, err) ||
        prepare_gate(run, unit, err))
        return ERR_FAIL;
    unit_count_gap(run, unit);
    return 0;
}
