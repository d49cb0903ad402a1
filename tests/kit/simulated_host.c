/* The daemon, the proxy and the files in memory, and the table of functions on them. */
#include "kit/simulated_host.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "kit/simulated_rules.h"

#define before(sim, err) begin_call(sim, __func__, err)

#define CALL_TIME (2 * NS_PER_MS)

static struct simulated_host *of(struct deploy_host *host)
{
    return (struct simulated_host *)host;
}

/* ---- faults ---- */

static int fail_dead(struct err *err)
{
    return err_set(err, ERR_CANCELLED, "signal", "killed");
}

/* Counts a call. Fails if it must not have its effect. */
static int begin_call(struct simulated_host *sim, const char *name, struct err *err)
{
    if (sim->dead)
        return fail_dead(err);
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
        return fail_dead(err);
    }
    if (sim->fault == SIM_ERROR_BEFORE)
        return err_set(err, ERR_DOCKER, "trouble", "call %u fails before its deed", sim->calls);
    return 0;
}

/* Checks the rules after the effect, and fails if the call must. */
static int after(struct simulated_host *sim, int answer, struct err *err)
{
    rules_check(sim);
    if (sim->calls != sim->fault_at)
        return answer;
    if (sim->fault == SIM_KILL_AFTER) {
        sim->dead = true;
        return fail_dead(err);
    }
    if (sim->fault == SIM_ERROR_AFTER)
        return err_set(err, ERR_DOCKER, "timeout", "call %u fails after its deed", sim->calls);
    return answer;
}

/* ---- files ---- */

static int sim_lock(struct deploy_host *host, int64_t wait, struct err *err)
{
    (void)wait;
    return before(of(host), err) ? ERR_FAIL : after(of(host), 0, err);
}

static void sim_unlock(struct deploy_host *host)
{
    (void)host;
}

static int sim_journal_read(struct deploy_host *host, struct text *out, struct err *err)
{
    struct simulated_host *sim = of(host);

    if (before(sim, err))
        return ERR_FAIL;
    if (!sim->has_journal)
        return after(sim, FILE_ABSENT, err);
    text_add(out, sim->journal, sim->journal_size);
    return after(sim, FILE_OK, err);
}

static int sim_journal_write(struct deploy_host *host, struct view content, struct err *err)
{
    struct simulated_host *sim = of(host);

    if (before(sim, err))
        return ERR_FAIL;
    if (content.size > sizeof sim->journal)
        rules_breach(sim, "the journal is too long");
    else
        memcpy(sim->journal, content.data, content.size);
    sim->journal_size = content.size;
    sim->has_journal = true;
    return after(sim, 0, err);
}

static int sim_journal_set_aside(struct deploy_host *host, struct err *err)
{
    struct simulated_host *sim = of(host);

    if (before(sim, err))
        return ERR_FAIL;
    sim->has_journal = false;
    sim->set_aside++;
    return after(sim, 0, err);
}

/* ---- bucket and images ---- */

static void image_id_of(const char *ref, char out[DIGEST_TEXT_SIZE])
{
    digest_text_of(out, view_str(ref));
}

static int sim_resolve(struct deploy_host *host, struct deploy_want *out, struct err *err)
{
    struct simulated_host *sim = of(host);

    if (before(sim, err))
        return ERR_FAIL;
    *out = (struct deploy_want){0};
    str_copy(out->ref, sizeof out->ref, sim->pointer_ref);
    str_copy(out->etag, sizeof out->etag, sim->pointer_etag);
    return after(sim, 0, err);
}

static int sim_room(struct deploy_host *host, const struct deploy_want *want,
                    struct deploy_room *out, struct err *err)
{
    (void)want;
    *out = (struct deploy_room){0};
    return before(of(host), err) ? ERR_FAIL : after(of(host), 0, err);
}

static int sim_pull(struct deploy_host *host, struct deploy_want *want, struct err *err)
{
    if (before(of(host), err))
        return ERR_FAIL;
    image_id_of(want->ref, want->image_id);
    return after(of(host), 0, err);
}

static int sim_image_present(struct deploy_host *host, const char *image, struct err *err)
{
    (void)image;
    return before(of(host), err) ? ERR_FAIL : after(of(host), DOCKER_OK, err);
}

static int sim_prune_images(struct deploy_host *host, const char *keep, bool dangling,
                            unsigned *count, struct err *err)
{
    (void)keep, (void)dangling, (void)count;
    return before(of(host), err) ? ERR_FAIL : after(of(host), 0, err);
}

static int sim_record(struct deploy_host *host, const struct deploy_result *result,
                      const struct err *failure, struct err *err)
{
    (void)result, (void)failure;
    return before(of(host), err) ? ERR_FAIL : after(of(host), 0, err);
}

static int sim_recipe(struct deploy_host *host, unsigned unit, struct deploy_recipe *out,
                      struct err *err)
{
    (void)unit;
    *out = (struct deploy_recipe){.restart = "unless-stopped"};
    str_copy(out->hash, sizeof out->hash, of(host)->spec);
    return before(of(host), err) ? ERR_FAIL : after(of(host), 0, err);
}

/* ---- containers ---- */

static struct sim_container *find(struct simulated_host *sim, const char *which)
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
    struct sim_container *container = find(sim, which);

    if (container && container->foreign)
        rules_breach(sim, "a foreign container is changed");
    return container;
}

static int fail_absent(const char *which, struct err *err)
{
    return err_set(err, ERR_DOCKER, "refused", "no such container: %s", which);
}

static int sim_list(struct deploy_host *host, char (*ids)[DOCKER_ID_SIZE], unsigned most,
                    unsigned *count, struct err *err)
{
    struct simulated_host *sim = of(host);

    *count = 0;
    if (before(sim, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < sim->count && *count < most; i++)
        if (sim->containers[i].there && !sim->containers[i].foreign)
            str_copy(ids[(*count)++], DOCKER_ID_SIZE, sim->containers[i].c.facts.id);
    return after(sim, 0, err);
}

static int sim_list_states(struct deploy_host *host, struct deploy_container *out, unsigned most,
                           unsigned *count, struct err *err)
{
    struct simulated_host *sim = of(host);

    *count = 0;
    if (before(sim, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < sim->count && *count < most; i++) {
        struct deploy_container *container = &out[*count];

        if (!sim->containers[i].there || sim->containers[i].foreign)
            continue;
        *container = sim->containers[i].c;
        container->facts.restart_policy[0] = container->facts.started_at[0] = '\0';
        container->facts.pid = 0;
        ++*count;
    }
    return after(sim, 0, err);
}

static void end_container(struct sim_container *container)
{
    container->c.facts.state = CONTAINER_EXITED;
    container->c.facts.pid = 0;
    container->dying = 0;
}

static int sim_inspect(struct deploy_host *host, const char *which, struct deploy_container *out,
                       struct err *err)
{
    struct simulated_host *sim = of(host);
    struct sim_container *container;

    if (before(sim, err))
        return ERR_FAIL;
    container = find(sim, which);
    if (!container)
        return after(sim, DOCKER_ABSENT, err);
    if (container->dying && --container->dying == 0)
        end_container(container);
    *out = container->c;
    out->ours = !container->foreign;
    return after(sim, DOCKER_OK, err);
}

/* A candidate of the pointer behaves as its image; containers of other images are good. */
static int sim_create(struct deploy_host *host, unsigned unit,
                      const struct deploy_creation *creation, char id[DOCKER_ID_SIZE],
                      struct err *err)
{
    struct simulated_host *sim = of(host);
    struct sim_container *container = &sim->containers[sim->count];
    enum sim_image image =
        strcmp(creation->labels->image, sim->pointer_ref) == 0 ? sim->pointer_image : SIM_GOOD;

    if (before(sim, err))
        return ERR_FAIL;
    if (find(sim, creation->name))
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
    image_id_of(creation->labels->image, container->c.facts.image_id);
    str_copy(container->c.facts.restart_policy, 32,
             creation->armed ? creation->labels->restart : "no");
    str_copy(container->c.facts.stop_signal, 32, "SIGTERM");
    container->c.facts.stop_timeout = -1;
    container->c.facts.state = CONTAINER_CREATED;
    container->c.ours = true;
    container->c.labels = *creation->labels;
    str_copy(id, DOCKER_ID_SIZE, container->c.facts.id);
    return after(sim, 0, err);
}

static int sim_judge(struct deploy_host *host, unsigned unit, const char *candidate,
                     const char *serving, struct text *warnings, struct err *err)
{
    struct simulated_host *sim = of(host);
    const struct sim_container *container;

    (void)unit, (void)serving, (void)warnings;
    if (before(sim, err))
        return ERR_FAIL;
    container = find(sim, candidate);
    if (container && container->image == SIM_MISJUDGED)
        return err_set(err, ERR_USAGE, "judge", "it must not run");
    return after(sim, 0, err);
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

static void run_container(struct simulated_host *sim, struct sim_container *container)
{
    clock_rfc3339(sim->now, container->c.facts.started_at);
    container->c.facts.state = CONTAINER_RUNNING;
    container->c.facts.pid = 1000 + sim->next_id;
    container->started_once = true;
    container->manual_stop = false;
    container->terms = container->dying = 0;
    container->busy = 3;
}

static int sim_start(struct deploy_host *host, const char *id, struct err *err)
{
    struct simulated_host *sim = of(host);
    struct sim_container *container;

    if (before(sim, err))
        return ERR_FAIL;
    container = find_ours(sim, id);
    if (!container)
        return fail_absent(id, err);
    if (container->image == SIM_NO_START || (container->stale && container->started_once) ||
        slot_is_taken(sim, container))
        return err_set(err, ERR_DOCKER, "start", "the port is taken");
    if (container->c.facts.state != CONTAINER_RUNNING)
        run_container(sim, container);
    return after(sim, 0, err);
}

static int sim_kill(struct deploy_host *host, const char *id, const char *signal, struct err *err)
{
    struct simulated_host *sim = of(host);
    struct sim_container *container;

    if (before(sim, err))
        return ERR_FAIL;
    container = find_ours(sim, id);
    if (!container || container->c.facts.state != CONTAINER_RUNNING)
        return after(sim, DOCKER_ABSENT, err);
    rules_check_signal(sim, container, signal);
    container->manual_stop = true;
    if (strcmp(signal, "SIGKILL") == 0)
        end_container(container);
    else if (!container->dying)
        container->dying = 3;
    return after(sim, 0, err);
}

static int sim_set_restart(struct deploy_host *host, const char *id, const char *policy,
                           int64_t retries, struct err *err)
{
    struct simulated_host *sim = of(host);
    struct sim_container *container;

    if (before(sim, err))
        return ERR_FAIL;
    container = find_ours(sim, id);
    if (!container)
        return fail_absent(id, err);
    str_copy(container->c.facts.restart_policy, 32, policy);
    container->c.facts.restart_retries = retries;
    return after(sim, 0, err);
}

static int sim_rename(struct deploy_host *host, const char *id, const char *name, struct err *err)
{
    struct simulated_host *sim = of(host);
    struct sim_container *container, *other;

    if (before(sim, err))
        return ERR_FAIL;
    container = find_ours(sim, id);
    other = find(sim, name);
    if (!container)
        return fail_absent(id, err);
    if (other && other != container)
        return err_set(err, ERR_CONFLICT, "container", "the name %s is taken", name);
    str_copy(container->c.facts.name, DOCKER_NAME_SIZE, name);
    return after(sim, 0, err);
}

static int sim_remove(struct deploy_host *host, const char *id, bool never_ran, struct err *err)
{
    struct simulated_host *sim = of(host);
    struct sim_container *container;

    if (before(sim, err))
        return ERR_FAIL;
    container = find_ours(sim, id);
    if (!container)
        return after(sim, DOCKER_ABSENT, err);
    rules_check_remove(sim, container, never_ran);
    container->there = false;
    return after(sim, 0, err);
}

static int sim_log(struct deploy_host *host, const struct deploy_container *container,
                   struct text *out, struct err *err)
{
    if (before(of(host), err))
        return ERR_FAIL;
    text_printf(out, "last words of %s\n", container->facts.name);
    return after(of(host), 0, err);
}

/* ---- traffic ---- */

static int fail_switch(const char *why, struct err *err)
{
    return err_set(err, ERR_DEPLOY, "switch", "the proxy refuses: %s", why);
}

static int sim_hold(struct deploy_host *host, unsigned unit, enum deploy_slot slot, struct err *err)
{
    struct simulated_host *sim = of(host);

    if (before(sim, err))
        return ERR_FAIL;
    if (sim->proxy == SIM_TWO_SERVERS)
        sim->units[unit].slots &= ~(1u << slot);
    return after(sim, sim->proxy == SIM_TWO_SERVERS ? TRAFFIC_OK : TRAFFIC_UNKNOWN, err);
}

static int sim_enter(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                     struct err *err)
{
    struct simulated_host *sim = of(host);
    const struct sim_container *container;

    if (before(sim, err))
        return ERR_FAIL;
    container = find(sim, target->container);
    if (!container || container->c.facts.state != CONTAINER_RUNNING)
        return fail_switch("the target does not run", err);
    if (sim->proxy == SIM_TWO_SERVERS)
        sim->units[unit].slots |= 1u << target->slot;
    else if (sim->proxy == SIM_SINGLE_TARGET)
        sim->units[unit].slots = 1u << target->slot;
    return after(sim, 0, err);
}

static int sim_leave(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                     const struct traffic_target *stays, struct err *err)
{
    struct simulated_host *sim = of(host);

    if (before(sim, err))
        return ERR_FAIL;
    if (sim->proxy != SIM_NO_PROXY && !(sim->units[unit].slots & 1u << stays->slot))
        return fail_switch("the other slot is not in rotation", err);
    if (sim->proxy == SIM_TWO_SERVERS)
        sim->units[unit].slots &= ~(1u << target->slot);
    return after(sim, 0, err);
}

static int sim_busy(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                    int64_t *count, struct err *err)
{
    struct simulated_host *sim = of(host);
    struct sim_container *container;

    (void)unit;
    if (before(sim, err))
        return ERR_FAIL;
    container = find(sim, target->container);
    *count = container && container->busy ? --container->busy : 0;
    return after(sim, TRAFFIC_OK, err);
}

static int sim_cut(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                   struct err *err)
{
    (void)unit, (void)target;
    return before(of(host), err) ? ERR_FAIL : after(of(host), TRAFFIC_UNKNOWN, err);
}

static int sim_where(struct deploy_host *host, unsigned unit, unsigned *slots, struct err *err)
{
    struct simulated_host *sim = of(host);

    *slots = 0;
    if (before(sim, err))
        return ERR_FAIL;
    if (sim->proxy == SIM_NO_PROXY)
        return after(sim, TRAFFIC_UNKNOWN, err);
    *slots = sim->units[unit].slots;
    return after(sim, TRAFFIC_OK, err);
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
    struct sim_container *container = find(sim, id);

    *report = (struct gate_report){.tries = 1};
    str_copy(report->kind, sizeof report->kind, "http");
    if (container && container->image == SIM_EXITS)
        end_container(container);
    if (!container || container->c.facts.state != CONTAINER_RUNNING)
        return err_set(err, ERR_DEPLOY, "exited", "it ended");
    if (container->image == SIM_SICK)
        return err_set(err, ERR_DEPLOY, "unhealthy", "it is not ready");
    return 0;
}

static int sim_gate(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                    bool served, struct gate_report *report, struct err *err)
{
    struct simulated_host *sim = of(host);

    (void)unit, (void)served;
    if (before(sim, err) || test_container(sim, target->container, report, err))
        return ERR_FAIL;
    return after(sim, 0, err);
}

static int sim_gate_once(struct deploy_host *host, unsigned unit,
                         const struct traffic_target *target, struct gate_report *report,
                         struct err *err)
{
    struct simulated_host *sim = of(host);
    const struct sim_container *container;

    (void)unit;
    if (before(sim, err) || test_container(sim, target->container, report, err))
        return ERR_FAIL;
    container = find(sim, target->container);
    if (container->image == SIM_FADES && gets_traffic(sim, container))
        return err_set(err, ERR_DEPLOY, "unhealthy", "it fades");
    return after(sim, 0, err);
}

static int sim_verify(struct deploy_host *host, const char *url, const char *container,
                      struct err *err)
{
    (void)url, (void)container;
    return before(of(host), err) ? ERR_FAIL : after(of(host), 0, err);
}

static int sim_hook(struct deploy_host *host, const struct deploy_hook *hook, struct err *err)
{
    struct simulated_host *sim = of(host);

    (void)hook;
    if (before(sim, err))
        return ERR_FAIL;
    if (sim->meddle)
        sim->meddle(sim);
    return after(sim, 0, err);
}

/* ---- time ---- */

static int64_t sim_now(struct deploy_host *host)
{
    return of(host)->now;
}

static int sim_sleep(struct deploy_host *host, int64_t ns, struct err *err)
{
    if (of(host)->dead)
        return fail_dead(err);
    of(host)->now += ns;
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
    .image_present = sim_image_present,
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
            end_container(container);
        if (back && container->image != SIM_EXITS)
            run_container(sim, container);
    }
}

static void restart_proxy(struct simulated_host *sim)
{
    for (unsigned i = 0; i < sim->deployment->unit_count; i++)
        if (sim->proxy == SIM_TWO_SERVERS)
            sim->units[i].slots = 3;
}

/* Without the journal, nobody knows that a signal was sent. */
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
