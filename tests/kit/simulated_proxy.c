/* The proxies of the simulated host, its gates and its hooks. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "kit/simulated_parts.h"
#include "kit/simulated_rules.h"

/* ---- traffic ---- */

static int fail_switch(const char *why, struct err *err)
{
    return err_set(err, ERR_DEPLOY, "switch", "the proxy refuses: %s", why);
}

int sim_hold(struct deploy_host *host, unsigned unit, enum deploy_slot slot, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    if (sim_before(sim, err))
        return ERR_FAIL;
    if (sim->proxy == SIM_TWO_SERVERS)
        sim->units[unit].slots &= ~(1u << slot);
    return sim_after(sim, sim->proxy == SIM_TWO_SERVERS ? TRAFFIC_OK : TRAFFIC_UNKNOWN, err);
}

int sim_enter(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
              struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    const struct sim_container *container;

    if (sim_before(sim, err))
        return ERR_FAIL;
    container = sim_find(sim, target->container);
    if (!container || container->c.facts.state != CONTAINER_RUNNING)
        return fail_switch("the target does not run", err);
    if (sim->refusing & 1u << unit)
        return fail_switch("it is stubborn", err);
    if (sim->proxy == SIM_TWO_SERVERS)
        sim->units[unit].slots |= 1u << target->slot;
    else if (sim->proxy == SIM_SINGLE_TARGET)
        sim->units[unit].slots = 1u << target->slot;
    return sim_after(sim, 0, err);
}

int sim_leave(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
              const struct traffic_target *stays, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    if (sim_before(sim, err))
        return ERR_FAIL;
    if (sim->proxy != SIM_NO_PROXY && !(sim->units[unit].slots & 1u << stays->slot))
        return fail_switch("the other slot is not in rotation", err);
    if (sim->proxy == SIM_TWO_SERVERS)
        sim->units[unit].slots &= ~(1u << target->slot);
    return sim_after(sim, 0, err);
}

int sim_busy(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
             int64_t *count, struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    struct sim_container *container;

    (void)unit;
    if (sim_before(sim, err))
        return ERR_FAIL;
    container = sim_find(sim, target->container);
    *count = container && container->busy ? --container->busy : 0;
    return sim_after(sim, TRAFFIC_OK, err);
}

int sim_cut(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
            struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    (void)unit;
    if (sim_before(sim, err))
        return ERR_FAIL;
    rules_check_cut(sim, sim_find(sim, target->container));
    return sim_after(sim, TRAFFIC_UNKNOWN, err);
}

int sim_where(struct deploy_host *host, unsigned unit, unsigned *slots, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    *slots = 0;
    if (sim_before(sim, err))
        return ERR_FAIL;
    if (sim->proxy == SIM_NO_PROXY)
        return sim_after(sim, TRAFFIC_UNKNOWN, err);
    *slots = sim->units[unit].slots;
    return sim_after(sim, TRAFFIC_OK, err);
}

/* ---- readiness ---- */

static bool gets_traffic(const struct simulated_host *sim, const struct sim_container *container)
{
    return sim->proxy == SIM_NO_PROXY ||
           sim->units[container->unit].slots & 1u << container->c.labels.slot;
}

static int test_container(struct simulated_host *sim, const char *id, struct gate_report *report,
                          struct err *err)
{
    struct sim_container *container = sim_find(sim, id);

    *report = (struct gate_report){.tries = 1};
    str_copy(report->kind, sizeof report->kind, "http");
    if (container && container->image == SIM_EXITS)
        sim_exit_container(sim, container);
    if (!container || container->c.facts.state != CONTAINER_RUNNING)
        return err_set(err, ERR_DEPLOY, "exited", "it ended");
    if (container->image == SIM_SICK)
        return err_set(err, ERR_DEPLOY, "unhealthy", "it is not ready");
    return 0;
}

int sim_gate(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
             bool served, struct gate_report *report, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    (void)unit, (void)served;
    if (sim_before(sim, err) || test_container(sim, target->container, report, err))
        return ERR_FAIL;
    return sim_after(sim, 0, err);
}

int sim_gate_once(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                  struct gate_report *report, struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    const struct sim_container *container;

    (void)unit;
    if (sim_before(sim, err) || test_container(sim, target->container, report, err))
        return ERR_FAIL;
    container = sim_find(sim, target->container);
    if (container->image == SIM_FADES && gets_traffic(sim, container))
        return err_set(err, ERR_DEPLOY, "unhealthy", "it fades");
    return sim_after(sim, 0, err);
}

int sim_verify(struct deploy_host *host, const char *url, const char *container, struct err *err)
{
    (void)url, (void)container;
    return sim_before(sim_of(host), err) ? ERR_FAIL : sim_after(sim_of(host), 0, err);
}

int sim_hook(struct deploy_host *host, const struct deploy_hook *hook, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    (void)hook;
    if (sim_before(sim, err))
        return ERR_FAIL;
    if (sim->meddle)
        sim->meddle(sim);
    return sim_after(sim, 0, err);
}
