/* The files, the bucket and the time of the simulated host, its table of functions, and events. */
#include "kit/simulated_host.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "kit/simulated_parts.h"
#include "kit/simulated_rules.h"

/* ---- files ---- */

static int sim_lock(struct deploy_host *host, int64_t wait, struct err *err)
{
    (void)wait;
    return sim_before(sim_of(host), err) ? ERR_FAIL : sim_after(sim_of(host), 0, err);
}

static void sim_unlock(struct deploy_host *host)
{
    (void)host;
}

static int sim_journal_read(struct deploy_host *host, struct text *out, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    if (sim_before(sim, err))
        return ERR_FAIL;
    if (!sim->has_journal)
        return sim_after(sim, FILE_ABSENT, err);
    text_add(out, sim->journal, sim->journal_size);
    return sim_after(sim, FILE_OK, err);
}

static int sim_journal_write(struct deploy_host *host, struct view content, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    if (sim_before(sim, err))
        return ERR_FAIL;
    if (content.size > sizeof sim->journal)
        rules_breach(sim, "the journal is too long");
    else
        memcpy(sim->journal, content.data, content.size);
    sim->journal_size = content.size;
    sim->has_journal = true;
    return sim_after(sim, 0, err);
}

static int sim_journal_set_aside(struct deploy_host *host, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    if (sim_before(sim, err))
        return ERR_FAIL;
    sim->has_journal = false;
    sim->set_aside++;
    return sim_after(sim, 0, err);
}

/* ---- bucket and images ---- */

static int sim_resolve(struct deploy_host *host, struct deploy_want *out, struct err *err)
{
    struct simulated_host *sim = sim_of(host);

    if (sim_before(sim, err))
        return ERR_FAIL;
    *out = (struct deploy_want){0};
    str_copy(out->ref, sizeof out->ref, sim->pointer_ref);
    str_copy(out->etag, sizeof out->etag, sim->pointer_etag);
    return sim_after(sim, 0, err);
}

static int sim_room(struct deploy_host *host, const struct deploy_want *want,
                    struct deploy_room *out, struct err *err)
{
    (void)want;
    *out = (struct deploy_room){0};
    return sim_before(sim_of(host), err) ? ERR_FAIL : sim_after(sim_of(host), 0, err);
}

static int sim_pull(struct deploy_host *host, struct deploy_want *want, struct err *err)
{
    if (sim_before(sim_of(host), err))
        return ERR_FAIL;
    sim_image_id(want->ref, want->image_id);
    return sim_after(sim_of(host), 0, err);
}

static int sim_look(struct deploy_host *host, struct deploy_want *want, struct err *err)
{
    sim_image_id(want->ref, want->image_id);
    return sim_before(sim_of(host), err) ? ERR_FAIL : sim_after(sim_of(host), DOCKER_OK, err);
}

static int sim_prune_images(struct deploy_host *host, const char *keep, bool dangling,
                            unsigned *count, struct err *err)
{
    (void)keep, (void)dangling, (void)count;
    return sim_before(sim_of(host), err) ? ERR_FAIL : sim_after(sim_of(host), 0, err);
}

static int sim_record(struct deploy_host *host, const struct deploy_result *result,
                      const struct err *failure, struct err *err)
{
    (void)result, (void)failure;
    return sim_before(sim_of(host), err) ? ERR_FAIL : sim_after(sim_of(host), 0, err);
}

static int sim_recipe(struct deploy_host *host, unsigned unit, struct deploy_recipe *out,
                      struct err *err)
{
    (void)unit;
    *out = (struct deploy_recipe){.restart = "unless-stopped"};
    str_copy(out->hash, sizeof out->hash, sim_of(host)->spec);
    return sim_before(sim_of(host), err) ? ERR_FAIL : sim_after(sim_of(host), 0, err);
}

/* ---- time ---- */

static int64_t sim_now(struct deploy_host *host)
{
    return sim_of(host)->now;
}

static int sim_sleep(struct deploy_host *host, int64_t ns, struct err *err)
{
    if (sim_of(host)->dead)
        return sim_fail_dead(err);
    sim_of(host)->now += ns;
    return 0;
}

static const struct deploy_host_table TABLE = {
    .lock = sim_lock,
    .unlock = sim_unlock,
    .journal_read = sim_journal_read,
    .journal_write = sim_journal_write,
    .journal_set_aside = sim_journal_set_aside,
    .resolve = sim_resolve,
    .room = sim_room,
    .pull = sim_pull,
    .look = sim_look,
    .prune_images = sim_prune_images,
    .record = sim_record,
    .recipe = sim_recipe,
    .list = sim_list,
    .list_states = sim_list_states,
    .inspect = sim_inspect,
    .create = sim_create,
    .judge = sim_judge,
    .start = sim_start,
    .kill = sim_kill,
    .set_restart = sim_set_restart,
    .rename = sim_rename,
    .remove = sim_remove,
    .log = sim_log,
    .hold = sim_hold,
    .enter = sim_enter,
    .leave = sim_leave,
    .busy = sim_busy,
    .cut = sim_cut,
    .where = sim_where,
    .gate = sim_gate,
    .gate_once = sim_gate_once,
    .verify = sim_verify,
    .hook = sim_hook,
    .now = sim_now,
    .wall = sim_now,
    .sleep = sim_sleep,
};

/* ---- the machine ---- */

void sim_init(struct simulated_host *sim, const struct deployment *deployment, enum sim_proxy proxy)
{
    memset(sim, 0, sizeof *sim);
    sim->host.table = &TABLE;
    sim->host.sets_restart = true;
    sim->deployment = deployment;
    sim->proxy = proxy;
    sim->now = CLOCK_SOURCE;
    str_copy(sim->spec, sizeof sim->spec, "spec-1");
    for (unsigned i = 0; i < SIM_UNITS; i++)
        sim->units[i].last = sim->units[i].before_last = -1;
}

void sim_point(struct simulated_host *sim, unsigned number, enum sim_image image)
{
    snprintf(sim->pointer_ref, sizeof sim->pointer_ref, "shop:20260701-10%02u-abcde", number);
    snprintf(sim->pointer_etag, sizeof sim->pointer_etag, "\"etag-%u\"", number);
    sim->pointer_image = image;
}

void sim_add_foreign(struct simulated_host *sim, const char *name)
{
    struct sim_container *container = &sim->containers[sim->count++];

    *container = (struct sim_container){.there = true, .foreign = true, .started_once = true};
    snprintf(container->c.facts.id, DOCKER_ID_SIZE, "%064x", ++sim->next_id);
    str_copy(container->c.facts.name, DOCKER_NAME_SIZE, name);
    container->c.facts.state = CONTAINER_RUNNING;
}

void sim_begin(struct simulated_host *sim, unsigned fault_at, enum sim_fault fault)
{
    sim->calls = 0;
    sim->fault_at = fault_at;
    sim->fault = fault;
    sim->dead = false;
    rules_begin(sim);
}

/* All containers end; policies decide which of them start again. */
static void restart_daemon(struct simulated_host *sim)
{
    for (unsigned i = 0; i < sim->count; i++) {
        struct sim_container *container = &sim->containers[i];
        bool back = rules_boots(container);

        if (!container->there || container->foreign)
            continue;
        if (container->c.facts.state == CONTAINER_RUNNING)
            sim_end_container(container);
        if (back && container->image != SIM_EXITS)
            sim_run_container(sim, container);
    }
}

/* It takes longer than the drain. */
static void restart_proxy(struct simulated_host *sim)
{
    sim->now += 10 * NS_PER_S;
    for (unsigned i = 0; i < sim->deployment->unit_count; i++)
        if (sim->proxy == SIM_TWO_SERVERS)
            sim->units[i].slots = 3;
}

/* Without the journal, no run finds out that a signal was sent. */
static void forget_signals(struct simulated_host *sim)
{
    for (unsigned i = 0; i < sim->count; i++)
        sim->containers[i].terms = 0;
}

void sim_happen(struct simulated_host *sim, enum sim_event event, unsigned detail)
{
    sim->now += NS_PER_S;
    if (event == SIM_JOURNAL_REMOVED || event == SIM_JOURNAL_EMPTIED ||
        event == SIM_JOURNAL_DAMAGED)
        forget_signals(sim);
    switch (event) {
    case SIM_JOURNAL_REMOVED:
        sim->has_journal = false;
        break;
    case SIM_JOURNAL_EMPTIED:
        sim->journal_size = 0;
        break;
    case SIM_JOURNAL_DAMAGED:
        if (sim->journal_size)
            sim->journal[detail % sim->journal_size] ^= (char)(1 << detail % 7);
        break;
    case SIM_DAEMON_RESTART:
        restart_daemon(sim);
        break;
    case SIM_PROXY_RESTART:
        restart_proxy(sim);
        break;
    case SIM_REBOOT:
        restart_daemon(sim);
        restart_proxy(sim);
        break;
    default:
        break;
    }
}
