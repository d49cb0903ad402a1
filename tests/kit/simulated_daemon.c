/* The containers of the simulated host, and the requests that change them. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "kit/simulated_parts.h"
#include "kit/simulated_rules.h"

void sim_image_id(const char *ref, char out[DIGEST_TEXT_SIZE])
{
    digest_text_of(out, view_str(ref));
}

struct sim_container *sim_find(struct simulated_host *sim, const char *which)
{
    for (unsigned i = 0; i < sim->count; i++)
        if (sim->containers[i].there && (strcmp(sim->containers[i].c.facts.id, which) == 0 ||
                                         strcmp(sim->containers[i].c.facts.name, which) == 0))
            return &sim->containers[i];
    return NULL;
}

/* The container of a change. A foreign one must not be changed. */
static struct sim_container *find_ours(struct simulated_host *sim, const char *which)
{
    struct sim_container *container = sim_find(sim, which);

    if (container && container->foreign)
        rules_breach(sim, "a foreign container is changed");
    return container;
}

static int fail_absent(const char *which, struct err *err)
{
    return err_set(err, ERR_DOCKER, "refused", "no such container: %s", which);
}

int sim_list(struct deploy_host *host, char (*ids)[DOCKER_ID_SIZE], unsigned most, unsigned *count,
             struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    *count = 0;
    if (sim_before(sim, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < sim->count && *count < most; i++)
        if (sim->containers[i].there && !sim->containers[i].foreign)
            str_copy(ids[(*count)++], DOCKER_ID_SIZE, sim->containers[i].c.facts.id);
    return sim_after(sim, 0, err);
}

int sim_list_states(struct deploy_host *host, struct deploy_container *out, unsigned most,
                    unsigned *count, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    *count = 0;
    if (sim_before(sim, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < sim->count && *count < most; i++) {
        struct deploy_container *container = &out[*count];

        if (!sim->containers[i].there || sim->containers[i].foreign)
            continue;
        *container = sim->containers[i].c;
        if (container->facts.state == CONTAINER_ENDED)
            container->facts.state = CONTAINER_EXITED;
        container->facts.restart_policy[0] = container->facts.started_at[0] = '\0';
        container->facts.pid = 0;
        ++*count;
    }
    return sim_after(sim, 0, err);
}

void sim_end_container(struct sim_container *container)
{
    container->c.facts.state = CONTAINER_EXITED;
    container->c.facts.pid = 0;
    container->dying = container->back = 0;
}

void sim_exit_container(struct simulated_host *sim, struct sim_container *container)
{
    if (container->c.facts.state != CONTAINER_RUNNING)
        return;
    sim_end_container(container);
    if (sim->host.sets_restart || container->manual_stop ||
        strcmp(container->c.facts.restart_policy, "no") == 0)
        return;
    container->c.facts.state = CONTAINER_ENDED;
    /* The first time, it is started when a survey has seen it. */
    container->back = container->c.facts.restart_count ? 3 : 2;
}

static bool slot_is_taken(const struct simulated_host *sim, const struct sim_container *than)
{
    for (unsigned i = 0; i < sim->count; i++) {
        const struct sim_container *c = &sim->containers[i];

        if (c != than && c->there && !c->foreign && c->unit == than->unit &&
            c->c.facts.state == CONTAINER_RUNNING && c->c.labels.slot == than->c.labels.slot)
            return true;
    }
    return false;
}

void sim_run_container(struct simulated_host *sim, struct sim_container *container)
{
    clock_rfc3339(sim->now, container->c.facts.started_at);
    container->c.facts.state = CONTAINER_RUNNING;
    container->c.facts.pid = 1000 + sim->next_id;
    container->started_once = true;
    container->manual_stop = false;
    container->terms = container->dying = container->back = 0;
    container->busy = 3;
    sim->routed_at[container - sim->containers] = 0; /* its requests ended with it */
}

/* The state of a container that changes between two inspections. */
static void pass(struct simulated_host *sim, struct sim_container *container)
{
    if (container->dying && --container->dying == 0)
        sim_end_container(container);
    if (container->c.facts.state == CONTAINER_RUNNING && container->image == SIM_EXITS &&
        container->c.facts.restart_count && !container->dying)
        sim_exit_container(sim, container);
    if (!container->back || --container->back)
        return;
    if (slot_is_taken(sim, container)) {
        sim_end_container(container);
        return;
    }
    sim_run_container(sim, container);
    container->c.facts.restart_count++;
}

int sim_inspect(struct deploy_host *host, const char *which, struct deploy_container *out,
                struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    struct sim_container *container;

    if (sim_before(sim, err))
        return ERR_FAIL;
    container = sim_find(sim, which);
    if (!container)
        return sim_after(sim, DOCKER_ABSENT, err);
    pass(sim, container);
    *out = container->c;
    out->ours = !container->foreign;
    return sim_after(sim, DOCKER_OK, err);
}

/* Begins a request for a container that must exist. NULL: it fails. */
static struct sim_container *begin_request(struct simulated_host *sim, const char *id,
                                           struct err *err)
{
    struct sim_container *container;

    if (sim_before(sim, err))
        return NULL;
    container = find_ours(sim, id);
    if (!container)
        (void)fail_absent(id, err);
    return container;
}

/* A candidate of the pointer behaves as its image; containers of other images are good. */
int sim_create(struct deploy_host *host, unsigned unit, const struct deploy_creation *creation,
               char id[DOCKER_ID_SIZE], struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    struct sim_container *container = &sim->containers[sim->count];
    enum sim_image image =
        strcmp(creation->labels->image, sim->pointer_ref) == 0 ? sim->pointer_image : SIM_GOOD;

    if (sim_before(sim, err))
        return ERR_FAIL;
    if (sim_find(sim, creation->name))
        return err_set(err, ERR_CONFLICT, "container", "the name %s is taken", creation->name);
    if (image == SIM_NO_CREATE)
        return err_set(err, ERR_DOCKER, "refused", "the daemon refuses the body");
    if (sim->count == SIM_CONTAINERS) {
        rules_breach(sim, "too many containers");
        return fail_absent(creation->name, err);
    }
    sim->count++;
    *container = (struct sim_container){.there = true, .unit = unit, .image = image};
    snprintf(container->c.facts.id, DOCKER_ID_SIZE, "%064x", ++sim->next_id);
    str_copy(container->c.facts.name, DOCKER_NAME_SIZE, creation->name);
    sim_image_id(creation->labels->image, container->c.facts.image_id);
    str_copy(container->c.facts.restart_policy, 32,
             creation->armed ? creation->labels->restart : "no");
    str_copy(container->c.facts.stop_signal, 32, "SIGTERM");
    container->c.facts.stop_timeout = -1;
    container->c.facts.state = CONTAINER_CREATED;
    container->c.ours = true;
    container->c.labels = *creation->labels;
    str_copy(id, DOCKER_ID_SIZE, container->c.facts.id);
    return sim_after(sim, 0, err);
}

int sim_judge(struct deploy_host *host, unsigned unit, const char *candidate, const char *serving,
              struct text *warnings, struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    const struct sim_container *container;

    (void)unit, (void)serving, (void)warnings;
    if (sim_before(sim, err))
        return ERR_FAIL;
    container = sim_find(sim, candidate);
    if (container && container->image == SIM_MISJUDGED)
        return err_set(err, ERR_USAGE, "judge", "it must not run");
    return sim_after(sim, 0, err);
}

int sim_start(struct deploy_host *host, const char *id, struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    struct sim_container *container = begin_request(sim, id, err);

    if (!container)
        return ERR_FAIL;
    if (container->image == SIM_NO_START || (container->stale && container->started_once) ||
        slot_is_taken(sim, container))
        return err_set(err, ERR_DOCKER, "start", "the port is taken");
    if (container->c.facts.state != CONTAINER_RUNNING)
        sim_run_container(sim, container);
    return sim_after(sim, 0, err);
}

int sim_kill(struct deploy_host *host, const char *id, const char *signal, struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    struct sim_container *container;

    if (sim_before(sim, err))
        return ERR_FAIL;
    container = find_ours(sim, id);
    if (container && container->image == SIM_EXITS && container->c.facts.restart_count % 2)
        sim_exit_container(sim, container); /* the signal comes too late */
    if (!container || container->c.facts.state != CONTAINER_RUNNING)
        return sim_after(sim, DOCKER_ABSENT, err);
    rules_check_signal(sim, container, signal);
    container->manual_stop = true;
    if (strcmp(signal, "SIGKILL") == 0)
        sim_end_container(container);
    else if (!container->dying)
        container->dying = 3;
    return sim_after(sim, 0, err);
}

int sim_set_restart(struct deploy_host *host, const char *id, const char *policy, int64_t retries,
                    struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    struct sim_container *container = begin_request(sim, id, err);

    if (!container)
        return ERR_FAIL;
    str_copy(container->c.facts.restart_policy, 32, policy);
    container->c.facts.restart_retries = retries;
    return sim_after(sim, 0, err);
}

int sim_rename(struct deploy_host *host, const char *id, const char *name, struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    struct sim_container *container = begin_request(sim, id, err), *other;

    if (!container)
        return ERR_FAIL;
    other = sim_find(sim, name);
    if (other && other != container)
        return err_set(err, ERR_CONFLICT, "container", "the name %s is taken", name);
    str_copy(container->c.facts.name, DOCKER_NAME_SIZE, name);
    return sim_after(sim, 0, err);
}

int sim_remove(struct deploy_host *host, const char *id, bool never_ran, struct err *err)
{
    struct simulated_host *sim = sim_of(host);
    struct sim_container *container;

    if (sim_before(sim, err))
        return ERR_FAIL;
    container = find_ours(sim, id);
    if (!container)
        return sim_after(sim, DOCKER_ABSENT, err);
    if (container->back) {
        pass(sim, container);
        if (container->c.facts.state == CONTAINER_RUNNING)
            return err_set(err, ERR_CONFLICT, "container", "it was started again");
    }
    rules_check_remove(sim, container, never_ran);
    container->there = false;
    return sim_after(sim, 0, err);
}

int sim_log(struct deploy_host *host, const struct deploy_container *container, struct text *out,
            struct err *err)
{
    if (sim_before(sim_of(host), err))
        return ERR_FAIL;
    text_printf(out, "last words of %s\n", container->facts.name);
    return sim_after(sim_of(host), 0, err);
}
