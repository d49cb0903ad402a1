/* One call of the simulated host: its number, its fault, and the rules after it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "kit/simulated_parts.h"
#include "kit/simulated_rules.h"

#define CALL_TIME (2 * NS_PER_MS)

struct simulated_host *sim_of(struct deploy_host *host)
{
    return (struct simulated_host *)host;
}

int sim_fail_dead(struct err *err)
{
    return err_set(err, ERR_CANCELLED, "signal", "killed");
}

/* Counts a call. Fails if it must not have its effect. */
int sim_begin_call(struct simulated_host *sim, const char *name, struct err *err)
{
    if (sim->dead)
        return sim_fail_dead(err);
    sim->calls++;
    if (sim->trace)
        printf("#   %u %s\n", sim->calls, name + strlen("sim_"));
    if (sim->calls == sim->fault_at)
        sim->fault_name = name + strlen("sim_");
    sim->now += CALL_TIME;
    if (sim->calls != sim->fault_at)
        return 0;
    if (sim->fault == SIM_KILL_BEFORE) {
        sim->dead = true;
        return sim_fail_dead(err);
    }
    if (sim->fault == SIM_ERROR_BEFORE)
        return err_set(err, ERR_DOCKER, "trouble", "call %u fails before its deed", sim->calls);
    return 0;
}

/* Checks the rules after the effect, and fails if the call must. */
int sim_after(struct simulated_host *sim, int answer, struct err *err)
{
    rules_check(sim);
    if (sim->calls != sim->fault_at)
        return answer;
    if (sim->fault == SIM_KILL_AFTER) {
        sim->dead = true;
        return sim_fail_dead(err);
    }
    if (sim->fault == SIM_ERROR_AFTER)
        return err_set(err, ERR_DOCKER, "timeout", "call %u fails after its deed", sim->calls);
    return answer;
}
