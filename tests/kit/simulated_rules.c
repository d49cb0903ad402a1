/* The invariants of docs/deploy.md, on the state of the simulated host. */
#include "kit/simulated_rules.h"

#include <stdio.h>
#include <string.h>

#include "deploy/unit.h"

#define LOST_CALLS_MAX 30 /* more than a survey needs */

void rules_breach(struct simulated_host *sim, const char *text)
{
    if (!sim->breach[0])
        snprintf(sim->breach, sizeof sim->breach, "call %u: %s", sim->calls, text);
}

static const struct unit_spec *spec_of(const struct simulated_host *sim, unsigned unit)
{
    return &sim->deployment->units[unit];
}

static bool is_stop_first(const struct simulated_host *sim, unsigned unit)
{
    return spec_of(sim, unit)->order == ORDER_STOP_FIRST;
}

static bool runs(const struct sim_container *container)
{
    return container->there && !container->foreign && container->c.facts.state == CONTAINER_RUNNING;
}

static bool in_rotation(const struct simulated_host *sim, const struct sim_container *container)
{
    return sim->proxy == SIM_NO_PROXY ||
           sim->units[container->unit].slots & 1u << container->c.labels.slot;
}

static bool has_policy(const struct sim_container *container)
{
    return strcmp(container->c.facts.restart_policy, "no") != 0;
}

bool rules_boots(const struct sim_container *container)
{
    return container->there && !container->foreign && has_policy(container) &&
           container->started_once && !container->manual_stop;
}

struct sim_container *sim_named(struct simulated_host *sim, unsigned unit)
{
    for (unsigned i = 0; i < sim->count; i++)
        if (sim->containers[i].there && !sim->containers[i].foreign &&
            strcmp(sim->containers[i].c.facts.name, spec_of(sim, unit)->name) == 0)
            return &sim->containers[i];
    return NULL;
}

/* Returns true if the journal contains a text. */
static bool journal_has(const struct simulated_host *sim, const char *text)
{
    return sim->has_journal && memmem(sim->journal, sim->journal_size, text, strlen(text)) != NULL;
}

/* ---- at every moment ---- */

struct unit_view {
    unsigned running, serving, booting, undisturbed;
};

static struct unit_view view_unit(const struct simulated_host *sim, unsigned unit)
{
    struct unit_view view = {0};

    for (unsigned i = 0; i < sim->count; i++) {
        const struct sim_container *container = &sim->containers[i];

        if (container->unit != unit || container->foreign || !container->there)
            continue;
        view.booting += rules_boots(container);
        if (!runs(container))
            continue;
        view.running++;
        view.undisturbed += container->image == SIM_GOOD && !container->dying;
        /* A container that fails later counts as healthy until it is observed. */
        view.serving += (container->image == SIM_GOOD || container->image == SIM_FADES) &&
                        in_rotation(sim, container) && !container->dying;
    }
    return view;
}

/* Keeps the order in which containers got the name while they served. */
static void note_served(struct simulated_host *sim, unsigned unit)
{
    struct sim_container *named = sim_named(sim, unit);
    int at = named ? (int)(named - sim->containers) : -1;

    if (at < 0 || named->image != SIM_GOOD || !runs(named) || !in_rotation(sim, named) ||
        sim->units[unit].last == at)
        return;
    sim->units[unit].before_last = sim->units[unit].last;
    sim->units[unit].last = at;
    sim->units[unit].served = true;
}

static void check_start_first(struct simulated_host *sim, unsigned unit,
                              const struct unit_view *view)
{
    if (!sim->units[unit].served)
        return;
    if (!view->serving)
        rules_breach(sim, "nothing healthy is in rotation");
    if (!view->booting)
        rules_breach(sim, "nothing would come back at boot");
}

static void check_stop_first(struct simulated_host *sim, unsigned unit,
                             const struct unit_view *view)
{
    bool lost = view->undisturbed && !view->booting;

    if (view->running > 1)
        rules_breach(sim, "two containers of a stop-first unit run");
    /* The policy follows the start, or the survey of the next run. */
    sim->units[unit].lost_calls = lost ? sim->units[unit].lost_calls + 1 : 0;
    if (sim->units[unit].lost_calls > LOST_CALLS_MAX && !journal_has(sim, "\"phase\":\"back\""))
        rules_breach(sim, "a stop-first unit runs, and would not come back at boot");
}

static void note_routed(struct simulated_host *sim)
{
    for (unsigned i = 0; i < sim->count; i++)
        if (runs(&sim->containers[i]) && sim->proxy != SIM_NO_PROXY &&
            in_rotation(sim, &sim->containers[i]))
            sim->routed_at[i] = sim->now;
}

void rules_check(struct simulated_host *sim)
{
    note_routed(sim);
    for (unsigned unit = 0; unit < sim->deployment->unit_count; unit++) {
        struct unit_view view = view_unit(sim, unit);

        note_served(sim, unit);
        if (is_stop_first(sim, unit))
            check_stop_first(sim, unit, &view);
        else
            check_start_first(sim, unit, &view);
    }
}

void rules_begin(struct simulated_host *sim)
{
    for (unsigned unit = 0; unit < SIM_UNITS; unit++)
        sim->units[unit].lost_calls = 0;
}

/* ---- single requests ---- */

void rules_check_signal(struct simulated_host *sim, struct sim_container *container,
                        const char *signal)
{
    bool start_first = !is_stop_first(sim, container->unit);

    if (strcmp(signal, "SIGKILL") != 0 && ++container->terms > 1)
        rules_breach(sim, "a container gets its stop signal twice");
    if (start_first && strcmp(container->c.facts.name, spec_of(sim, container->unit)->name) == 0)
        rules_breach(sim, "the container that has the name is stopped");
    if (start_first && sim->proxy != SIM_NO_PROXY && in_rotation(sim, container) &&
        sim->units[container->unit].served)
        rules_breach(sim, "a container in rotation is stopped");
}

void rules_check_cut(struct simulated_host *sim, const struct sim_container *container)
{
    int64_t last = container && runs(container) ? sim->routed_at[container - sim->containers] : 0;

    if (last && sim->now - last < spec_of(sim, container->unit)->drain)
        rules_breach(sim, "requests are cut before their drain has passed");
}

void rules_check_remove(struct simulated_host *sim, const struct sim_container *container,
                        bool never_ran)
{
    const struct sim_unit *unit = &sim->units[container->unit];
    int at = (int)(container - sim->containers);

    if (runs(container))
        rules_breach(sim, "a running container is removed");
    if (at == unit->last || at == unit->before_last)
        rules_breach(sim, "a container that served last is removed");
    if (never_ran && container->started_once)
        rules_breach(sim, "the volumes of a container that ran are removed");
}

/* ---- at rest ---- */

static const char *rest_fault_of(struct simulated_host *sim, unsigned unit, const char *ref)
{
    const struct sim_container *named = sim_named(sim, unit);
    unsigned retired = 0;

    if (!named)
        return "no container has the name";
    if (!runs(named) || named->dying)
        return "the container with the name does not run";
    if (named->image != SIM_GOOD)
        return "the container with the name is not good";
    if (!in_rotation(sim, named))
        return "the container with the name gets no traffic";
    if (!has_policy(named))
        return "the container with the name has no policy";
    if (ref && strcmp(named->c.labels.image, ref) != 0)
        return "another image serves";
    for (unsigned i = 0; i < sim->count; i++) {
        const struct sim_container *other = &sim->containers[i];

        if (!other->there || other->foreign || other->unit != unit || other == named)
            continue;
        if ((!sim->has_journal || journal_has(sim, "\"rebuilt\":true")) &&
            is_stop_first(sim, unit) && has_policy(other) &&
            other->c.facts.state == CONTAINER_CREATED)
            continue; /* the only trace of an interrupted exchange */
        if (runs(other) || other->back)
            return "another container runs";
        if (has_policy(other) && sim->host.sets_restart)
            return "another container has a policy";
        if (other->c.facts.state == CONTAINER_CREATED)
            return "a container that never ran is left";
        retired++;
    }
    return retired > spec_of(sim, unit)->keep + 1 ? "too many containers are kept" : NULL;
}

const char *sim_rest_fault(struct simulated_host *sim, const char *ref)
{
    if (sim->breach[0])
        return sim->breach;
    for (unsigned unit = 0; unit < sim->deployment->unit_count; unit++) {
        const char *fault = rest_fault_of(sim, unit, ref);

        if (fault)
            return fault;
    }
    return NULL;
}

bool sim_keeps_too_many(struct simulated_host *sim)
{
    unsigned ways_back[SIM_UNITS] = {0}, equal[SIM_UNITS] = {0};

    for (unsigned i = 0; i < sim->count; i++) {
        const struct sim_container *container = &sim->containers[i],
                                   *named = sim_named(sim, container->unit);

        if (!container->there || container->foreign || !container_retired(&container->c))
            continue;
        if (named && strcmp(named->c.facts.image_id, container->c.facts.image_id) == 0)
            equal[container->unit]++;
        else
            ways_back[container->unit]++;
        if (ways_back[container->unit] > spec_of(sim, container->unit)->keep ||
            ways_back[container->unit] + equal[container->unit] >
                spec_of(sim, container->unit)->keep + 1)
            return true;
    }
    return false;
}
