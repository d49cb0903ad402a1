/*
 * Small functions over the containers of one unit. Each request is idempotent and keeps the facts
 * of the container up to date.
 */
#include "deploy/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

bool container_runs(const struct deploy_container *container)
{
    return container && container->facts.state == CONTAINER_RUNNING;
}

bool container_stopped(const struct deploy_container *container)
{
    return container->facts.state == CONTAINER_CREATED ||
           container->facts.state == CONTAINER_EXITED;
}

bool container_ended(const struct deploy_container *container)
{
    return container->facts.state == CONTAINER_ENDED;
}

bool container_returns(const struct run *run, const struct deploy_container *container)
{
    return !run->host->sets_restart && container_has_policy(container) &&
           !container_retired(container) &&
           (container_ended(container) || container->facts.restart_count > 0);
}

/* Podman prepares a container anew for each start: one that ran can be "created" again. */
bool container_never_ran(const struct deploy_container *container)
{
    const char *started = container->facts.started_at;

    return container->facts.state == CONTAINER_CREATED && !container_retired(container) &&
           (!started[0] || strncmp(started, "0001-", 5) == 0);
}

bool container_has_policy(const struct deploy_container *container)
{
    const char *policy = container->facts.restart_policy;

    return policy[0] && strcmp(policy, "no") != 0;
}

bool container_armed(const struct run *run, const struct deploy_container *container)
{
    return !run->host->sets_restart || container_has_policy(container);
}

bool container_retired(const struct deploy_container *container)
{
    size_t size = strlen(container->facts.name), end = sizeof UNIT_RETIRED - 1;

    return size > end && strcmp(container->facts.name + size - end, UNIT_RETIRED) == 0;
}

/* The part before the generation may be an earlier name of the unit. */
bool container_has_our_name(const struct deploy_unit *unit,
                            const struct deploy_container *container)
{
    const char *name = container->facts.name;
    size_t size = strlen(name), end;
    char generation[32];

    if (strcmp(name, unit->spec->name) == 0)
        return true;
    if (container_retired(container))
        size -= sizeof UNIT_RETIRED - 1;
    end = (size_t)snprintf(generation, sizeof generation, ".g%u", container->labels.generation);
    return size > end && strncmp(name + size - end, generation, end) == 0;
}

unsigned container_origin(const struct deploy_container *container)
{
    return container->labels.origin ? container->labels.origin : container->labels.generation;
}

bool container_newer(const struct deploy_container *a, const struct deploy_container *b)
{
    int64_t a_start, b_start;

    if (clock_parse_rfc3339(a->facts.started_at, &a_start) &&
        clock_parse_rfc3339(b->facts.started_at, &b_start) && a_start != b_start)
        return a_start > b_start;
    return a->labels.generation > b->labels.generation;
}

void unit_candidate_name(const struct deploy_unit *unit, unsigned generation,
                         char out[DOCKER_NAME_SIZE])
{
    snprintf(out, DOCKER_NAME_SIZE, "%.220s.g%u", unit->spec->name, generation);
}

void unit_retired_name(const struct deploy_unit *unit, const struct deploy_container *container,
                       unsigned number, char out[DOCKER_NAME_SIZE])
{
    char more[16] = "";

    if (number > 1)
        snprintf(more, sizeof more, ".%u", number);
    snprintf(out, DOCKER_NAME_SIZE, "%.220s%s.g%u" UNIT_RETIRED, unit->spec->name, more,
             container->labels.generation);
}

struct deploy_unit *unit_of(struct run *run, const struct deploy_container *container)
{
    for (unsigned i = 0; i < run->unit_count && container->ours; i++)
        if (strcmp(run->units[i].label, container->labels.deploy) == 0)
            return &run->units[i];
    return NULL;
}

struct deploy_container *unit_holder(const struct deploy_unit *unit)
{
    for (unsigned i = 0; i < unit->count; i++)
        if (strcmp(unit->members[i]->facts.name, unit->spec->name) == 0)
            return unit->members[i];
    return NULL;
}

struct deploy_container *unit_member(const struct deploy_unit *unit, const char *id)
{
    for (unsigned i = 0; i < unit->count; i++)
        if (strcmp(unit->members[i]->facts.id, id) == 0)
            return unit->members[i];
    return NULL;
}

/* Two names for one address. A proxy distinguishes them nevertheless. */
static bool has_single_slot(const struct unit_spec *spec)
{
    return spec->traffic.kind == TRAFFIC_ABSENT &&
           (spec->slot_ports[SLOT_BLUE] || spec->slot_names[SLOT_BLUE][0]) &&
           spec->slot_ports[SLOT_BLUE] == spec->slot_ports[SLOT_GREEN] &&
           strcmp(spec->slot_names[SLOT_BLUE], spec->slot_names[SLOT_GREEN]) == 0;
}

/* A single slot is always blue: if the entry gets a second one, that one is free. */
enum deploy_slot unit_free_slot(const struct deploy_unit *unit)
{
    if (has_single_slot(unit->spec))
        return SLOT_BLUE;
    return unit->serving ? deploy_slot_other(unit->serving->labels.slot) : SLOT_BLUE;
}

bool unit_stop_first(const struct deploy_unit *unit)
{
    return unit->spec->order == ORDER_STOP_FIRST;
}

void unit_target(const struct deploy_unit *unit, const struct deploy_container *container,
                 char address[UNIT_ADDRESS_SIZE], struct traffic_target *out)
{
    const struct unit_spec *spec = unit->spec;
    enum deploy_slot slot = container->labels.slot;

    address[0] = '\0';
    if (spec->slot_ports[slot])
        snprintf(address, UNIT_ADDRESS_SIZE, "127.0.0.1:%u", (unsigned)spec->slot_ports[slot]);
    else if (spec->slot_names[slot][0])
        snprintf(address, UNIT_ADDRESS_SIZE, "%s:%u", spec->slot_names[slot], (unsigned)spec->port);
    *out = (struct traffic_target){
        .slot = slot,
        .address = address,
        .container = container->facts.id,
        .pid = container->facts.pid,
        .port = spec->port,
    };
}

/* ---- the rollback ---- */

/* A container with another spec can start again only in the free slot: a new container would have
 * the present spec. */
bool unit_differs(const struct deploy_unit *unit, const struct deploy_container *container)
{
    const struct deploy_container *serving = unit->serving;

    return !serving || strcmp(container->facts.image_id, serving->facts.image_id) != 0 ||
           (strcmp(container->labels.spec, serving->labels.spec) != 0 &&
            container->labels.slot == unit_free_slot(unit));
}

/* A forced deployment of the same image leaves a container that equals the serving one. */
bool unit_prefers(const struct deploy_unit *unit, const struct deploy_container *a,
                  const struct deploy_container *b)
{
    bool differs = unit_differs(unit, a);

    return differs != unit_differs(unit, b) ? differs : container_newer(a, b);
}

void unit_count_gap(const struct run *run, const struct deploy_unit *unit)
{
    if (unit->gap_from)
        unit->report->gap_seconds = (double)(run_now(run) - unit->gap_from) / 1e9;
}

/* ---- requests ---- */

int unit_refresh(const struct run *run, struct deploy_container *container, struct err *err)
{
    struct deploy_container now;
    int answer = run->host->table->inspect(run->host, container->facts.id, &now, err);

    if (answer == DOCKER_ABSENT) {
        container->facts.state = CONTAINER_EXITED;
        container->facts.pid = 0;
    } else if (answer == DOCKER_OK) {
        *container = now;
    }
    return answer;
}

int unit_start(const struct run *run, struct deploy_container *container, struct err *err)
{
    if (!container_runs(container) && run->host->table->start(run->host, container->facts.id, err))
        return ERR_FAIL;
    return unit_refresh(run, container, err) < 0 ? ERR_FAIL : 0;
}

int unit_rename(const struct run *run, struct deploy_container *container, const char *name,
                struct err *err)
{
    if (strcmp(container->facts.name, name) == 0)
        return 0;
    if (run->host->table->rename(run->host, container->facts.id, name, err))
        return ERR_FAIL;
    str_copy(container->facts.name, sizeof container->facts.name, name);
    return 0;
}

static int set_policy(const struct run *run, struct deploy_container *container, const char *policy,
                      int64_t retries, struct err *err)
{
    struct docker_container *facts = &container->facts;
    const char *has = facts->restart_policy[0] ? facts->restart_policy : "no";

    if (!run->host->sets_restart || (strcmp(has, policy) == 0 && facts->restart_retries == retries))
        return 0;
    if (run->host->table->set_restart(run->host, facts->id, policy, retries, err))
        return ERR_FAIL;
    str_copy(facts->restart_policy, sizeof facts->restart_policy, policy);
    facts->restart_retries = retries;
    return 0;
}

int unit_arm(const struct run *run, struct deploy_container *container, struct err *err)
{
    return set_policy(run, container, container->labels.restart, container->labels.restart_retries,
                      err);
}

int unit_disarm(const struct run *run, struct deploy_container *container, struct err *err)
{
    return set_policy(run, container, "no", 0, err);
}

int unit_enter(const struct run *run, const struct deploy_unit *unit,
               const struct deploy_container *container, struct err *err)
{
    char address[UNIT_ADDRESS_SIZE];
    struct traffic_target target;

    unit_target(unit, container, address, &target);
    return run->host->table->enter(run->host, unit->at, &target, err);
}

int unit_leave(const struct run *run, const struct deploy_unit *unit,
               const struct deploy_container *container, const struct deploy_container *stays,
               struct err *err)
{
    char address[UNIT_ADDRESS_SIZE], stay_address[UNIT_ADDRESS_SIZE];
    struct traffic_target target, stay_target;

    unit_target(unit, container, address, &target);
    unit_target(unit, stays, stay_address, &stay_target);
    return run->host->table->leave(run->host, unit->at, &target, &stay_target, err);
}

int unit_gate(const struct run *run, struct deploy_unit *unit,
              const struct deploy_container *container, struct err *err)
{
    char address[UNIT_ADDRESS_SIZE];
    struct traffic_target target;

    unit_target(unit, container, address, &target);
    return run->host->table->gate(run->host, unit->at, &target, container_retired(container),
                                  &unit->report->gate, err);
}

bool unit_passes(const struct run *run, const struct deploy_unit *unit,
                 const struct deploy_container *container)
{
    char address[UNIT_ADDRESS_SIZE];
    struct traffic_target target;
    struct gate_report report;
    struct err ignored;

    unit_target(unit, container, address, &target);
    return run->host->table->gate_once(run->host, unit->at, &target, &report, &ignored) == 0;
}
