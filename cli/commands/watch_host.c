/*
 * All functions of the table are called on the main thread, one at a time. While one of them waits,
 * it reports to the watchdog of the service manager.
 */
#include "cli/commands/watch_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/file.h"
#include "base/random.h"
#include "cli/cli.h"
#include "cli/commands/transfer_ui.h"
#include "cli/commands/watch_hook.h"
#include "cli/commands/watch_pull.h"
#include "cli/commands/watch_report.h"
#include "cli/connect.h"
#include "cli/credentials.h"
#include "cli/demands.h"
#include "cli/deployments.h"
#include "cli/platform_ui.h"
#include "cli/version.h"
#include "deploy/deploy.h"
#include "deploy/machine.h"
#include "deploy/record.h"
#include "docker/host.h"
#include "os/clock.h"
#include "os/memory.h"
#include "store/store.h"
#include "trust/guard.h"
#include "watch/notify.h"
#include "watch/watchdog.h"

/* A bucket that is in use: one for each profile. */
struct live_store {
    char profile[CONFIG_NAME_MAX];
    struct cli cli; /* with the settings of the profile; does not move */
    bool entered;
    struct store *store; /* NULL: not opened so far */
    struct guard *guard; /* the demanded signatures; NULL: none, or not opened so far */
};

struct live_entry {
    struct live_store *from;
    struct pointer_poll poll;
    struct platform platform; /* of the image, for a pull; any platform: that of the daemon */
};

struct live_watch {
    struct cli *cli;
    struct watch_entry *entries;
    unsigned count;
    bool deploy;
    struct live_entry live[WATCH_ENTRIES_MAX];
    struct live_store stores[WATCH_ENTRIES_MAX];
    unsigned store_count;
    struct notify notify;
    struct watchdog watchdog;
    struct watch_report report;
    uint64_t seed;
    char machine[MACHINE_SIZE];
    bool is_unusable; /* the settings of a bucket are not valid: `fault` */
    struct err fault;
    /* of the current step */
    unsigned at; /* the entry */
    bool checks; /* its containers, and deploys nothing */
};

/* ---- clocks ---- */

static int64_t host_now(void *arg)
{
    (void)arg;
    return clock_boot();
}

static int64_t host_wall(void *arg)
{
    (void)arg;
    return clock_wall();
}

static uint64_t host_random(void *arg)
{
    return random_next(&((struct live_watch *)arg)->seed);
}

static bool host_stopped(void *arg)
{
    const struct live_watch *live = arg;

    return live->is_unusable || cancel_requested(live->cli->cancel);
}

/* A signal ends the sleep. One that comes right before it is seen after the
 * tick. */
static void host_sleep(void *arg, int64_t until)
{
    struct live_watch *live = arg;
    int64_t now;

    while ((now = clock_boot()) < until && !host_stopped(live)) {
        int64_t tick = now + CANCEL_TICK < until ? now + CANCEL_TICK : until;

        notify_alive(&live->notify, now);
        os_sleep_until_boot(tick);
    }
    notify_alive(&live->notify, now);
}

/* ---- reports ---- */

static void host_note(void *arg, unsigned at, const char *text)
{
    watch_report_note(&((struct live_watch *)arg)->report, at, text);
}

static void host_warn(void *arg, unsigned at, const struct err *why)
{
    struct live_watch *live = arg;

    if (!live->is_unusable) /* else the command prints it */
        watch_report_warn(&live->report, at, why);
}

static int host_report(void *arg, const struct watch_event *event, struct err *err)
{
    (void)arg;
    return watch_report_event(event, err);
}

static void host_publish(void *arg, const struct watch_entry *entries, unsigned count)
{
    struct live_watch *live = arg;
    char status[sizeof live->notify.status];

    watch_summary(entries, count, status, sizeof status);
    notify_status(&live->notify, status);
    watch_report_metrics(&live->report, entries, count);
}

/* ---- the bucket ---- */

/* Credentials may need a service that starts later. A setting that is not valid stays so: it ends
 * the watch. */
static int open_store(struct live_watch *live, unsigned at, struct store **out, struct err *err)
{
    struct live_store *from = live->live[at].from;

    if (!from->store && ((!from->guard && demands_open(&from->cli, &from->guard, err)) ||
                         connect_store(&from->cli, &from->store, err))) {
        live->is_unusable = err->family == ERR_USAGE;
        live->fault = *err;
        return ERR_FAIL;
    }
    *out = from->store;
    return 0;
}

static enum poll_answer host_poll(void *arg, unsigned at, struct watch_target *out, int64_t *asked,
                                  struct err *err)
{
    struct live_watch *live = arg;
    struct live_entry *entry = &live->live[at];
    struct poll_wait wait = {.wake = watchdog_wake, .arg = &live->watchdog};
    enum poll_answer answer;
    struct store *store;

    watchdog_begin(&live->watchdog, WATCHDOG_POLL);
    if (open_store(live, at, &store, err))
        return POLL_FAILED;
    answer = pointer_poll_run(&entry->poll, store, &wait, asked, err);
    if (answer == POLL_MALFORMED)
        *err = entry->poll.fault;
    if (answer == POLL_SAME || answer == POLL_CHANGED) {
        pointer_poll_change(&entry->poll, out->change);
        out->resolved = entry->poll.resolved;
        out->demanded = entry->from->guard != NULL;
    }
    return answer;
}

/* ---- the daemon ---- */

static int host_pull(void *arg, unsigned at, const struct watch_target *target,
                     char id[DIGEST_TEXT_SIZE], struct err *err)
{
    struct live_watch *live = arg;
    struct watch_pull pull = {
        .cli = live->cli,
        .entry = &live->entries[at],
        .target = target,
        .platform = live->live[at].platform,
    };
    int failed;

    watchdog_begin(&live->watchdog, WATCHDOG_STILL);
    watch_pull_transfer(live->cli, &live->watchdog, &pull.transfer);
    failed = open_store(live, at, &pull.store, err);
    pull.guard = live->live[at].from->guard;
    failed = failed || watch_pull_run(&pull, id, err);
    os_heap_trim();
    return failed ? ERR_FAIL : 0;
}

/* ---- deployments ---- */

static void note_deploy(void *arg, const char *text)
{
    output_note(&((struct live_watch *)arg)->cli->output, "%s", text);
}

static void warn_deploy(void *arg, const char *text)
{
    struct live_watch *live = arg;

    watch_report_once(&live->report, live->at, text, live->checks);
}

/* The deployment calls it only inside of its own limits. */
static void wake_deploy(void *arg)
{
    notify_alive(&((struct live_watch *)arg)->notify, clock_boot());
}

/* The status of the service names the phase, while a deployment runs. */
static void show_phase(void *arg, const char *phase, const char *unit)
{
    struct live_watch *live = arg;
    const struct watch_entry *entry = &live->entries[live->at];
    char status[sizeof live->notify.status];

    snprintf(status, sizeof status, "%s/%s %s%s%s", entry->app, entry->env, phase,
             unit[0] ? " of " : "", unit);
    notify_status(&live->notify, status);
    notify_alive(&live->notify, clock_boot());
}

static int64_t heartbeat_seconds(const struct live_watch *live)
{
    return (int64_t)config_number(&live->cli->config, OPT_HEARTBEAT) / 1000;
}

/* The entry is read for each use: it is large, and idle memory is scarce on small hosts. The
 * configuration is that of the start. */
static int use_deployment(struct live_watch *live, unsigned at, struct store *store,
                          int (*use)(const struct deploy_options *options,
                                     struct deploy_result *result, struct err *err),
                          struct deploy_result *result, struct err *err)
{
    const struct watch_entry *entry = &live->entries[at];
    struct docker_endpoint endpoint;
    struct deploy_options options = {
        .store = store,
        .guard = live->live[at].from->guard,
        .endpoint = &endpoint,
        .reuse = (enum reuse)config_number(&live->cli->config, OPT_REUSE),
        .cancel = live->cli->cancel,
        .observer = {.arg = live,
                     .phase = show_phase,
                     .note = note_deploy,
                     .warn = warn_deploy,
                     .wake = wake_deploy},
        .automatic = true,
        .heartbeat = heartbeat_seconds(live),
        .version = S3DOCK_VERSION,
    };
    struct deployment *deployment = NULL;
    int failed;

    live->at = at;
    watch_pull_transfer(live->cli, &live->watchdog, &options.transfer);
    failed = deployments_read(live->cli, entry->app, entry->env, &deployment, NULL, err) ||
             connect_docker_endpoint(live->cli, &endpoint, err);
    options.deployment = deployment;
    failed = failed || use(&options, result, err);
    deployments_free(deployment);
    return failed ? ERR_FAIL : 0;
}

static int host_converge(void *arg, unsigned at, struct deploy_result *result, struct err *err)
{
    struct live_watch *live = arg;
    int failed;

    watchdog_begin(&live->watchdog, WATCHDOG_POLL);
    live->checks = true;
    failed = use_deployment(live, at, live->live[at].from->store, deploy_converge, result, err);
    live->checks = false;
    if (!failed)
        watch_report_checked(&live->report, at);
    return failed;
}

static int host_deploy(void *arg, unsigned at, struct deploy_result *result, struct err *err)
{
    struct live_watch *live = arg;
    struct store *store;
    int failed;

    watchdog_begin(&live->watchdog, WATCHDOG_STILL);
    failed = open_store(live, at, &store, err) ||
             use_deployment(live, at, store, deploy_run, result, err);
    os_heap_trim();
    return failed ? ERR_FAIL : 0;
}

static int host_heartbeat(void *arg, unsigned at, struct err *err)
{
    struct live_watch *live = arg;
    struct record_options options = {
        .app = live->entries[at].app,
        .env = live->entries[at].env,
        .heartbeat = heartbeat_seconds(live),
        .version = S3DOCK_VERSION,
    };

    watchdog_begin(&live->watchdog, WATCHDOG_POLL);
    return open_store(live, at, &options.store, err) || record_heartbeat(&options, err) < 0
               ? ERR_FAIL
               : 0;
}

static int host_hook(void *arg, unsigned at, const struct watch_target *target, struct err *err)
{
    struct live_watch *live = arg;
    struct watch_hook hook = {.line = config_text(&live->cli->config, OPT_HOOK),
                              .cancel = live->cli->cancel,
                              .wake = watchdog_wake,
                              .arg = &live->watchdog};

    watchdog_begin(&live->watchdog, WATCH_HOOK_LIMIT);
    return watch_hook_run(&hook, &live->entries[at], target->resolved.image.ref,
                          live->entries[at].pulled_id, err);
}

/* ---- set up ---- */

static struct live_store *find_store(struct live_watch *live, const char *profile)
{
    for (unsigned i = 0; i < live->store_count; i++)
        if (strcmp(live->stores[i].profile, profile) == 0)
            return &live->stores[i];
    return NULL;
}

/* Finds or adds the bucket of an entry. Without a profile it is that of the command line. */
static int enter_store(struct live_watch *live, const struct deployment *deployment,
                       struct live_store **out, struct err *err)
{
    const char *profile = deployment ? deployment->profile : "";
    struct live_store *store;

    *out = find_store(live, profile);
    if (*out)
        return 0;
    store = &live->stores[live->store_count++];
    str_copy(store->profile, sizeof store->profile, profile);
    *out = store;
    if (!profile[0]) {
        store->cli = *live->cli;
        return 0;
    }
    store->entered = true;
    if (deployments_enter(live->cli, deployment, &store->cli, err))
        return ERR_FAIL;
    /* the deployment is freed before the bucket is used */
    store->cli.profile = store->cli.profile ? store->profile : NULL;
    return 0;
}

/* That of the option, else of the deployment. */
static int choose_platform(const struct live_watch *live, const struct deployment *deployment,
                           struct platform *out, struct err *err)
{
    if (!deployment)
        return platform_read(&live->cli->config, out, err);
    *out = deployment->platform;
    return 0;
}

static int set_up_entry(struct live_watch *live, unsigned at, struct err *err)
{
    const struct watch_entry *entry = &live->entries[at];
    struct deployment *deployment = NULL;
    struct text warnings;
    int failed;

    text_init(&warnings, 64 * KIB);
    pointer_poll_init(&live->live[at].poll, entry->app, entry->env);
    failed = deployments_read(live->cli, entry->app, entry->env, &deployment, &warnings, err);
    if (failed && !live->deploy && err_is(err, ERR_NOT_FOUND, CODE_DEPLOYMENT)) {
        failed = 0; /* the bucket of the command line */
        if (err->hint[0])
            output_warn(&live->cli->output, "%s; %s", err->text, err->hint);
    }
    failed = failed || choose_platform(live, deployment, &live->live[at].platform, err) ||
             enter_store(live, deployment, &live->live[at].from, err);
    if (warnings.size)
        output_warn(&live->cli->output, "%s", warnings.data);
    text_finish(&warnings);
    deployments_free(deployment);
    return failed ? ERR_FAIL : 0;
}

static int read_machine(struct live_watch *live, struct err *err)
{
    char folder[PATH_MAX];

    return file_state_dir(folder, sizeof folder, err) ||
                   machine_read(NULL, folder, live->machine, err)
               ? ERR_FAIL
               : 0;
}

struct live_watch *live_watch_create(struct cli *cli, struct watch_entry *entries, unsigned count,
                                     bool deploy, struct err *err)
{
    struct live_watch *live = calloc(1, sizeof *live);
    int failed = 0;

    if (!live) {
        err_memory(err, "the watch");
        return NULL;
    }
    os_heap_limit();
    live->cli = cli;
    live->entries = entries;
    live->count = count;
    live->deploy = deploy;
    watch_report_init(&live->report, cli, entries);
    live->watchdog.notify = &live->notify;
    notify_init(&live->notify, config_environment("NOTIFY_SOCKET"),
                config_environment("WATCHDOG_USEC"), config_environment("WATCHDOG_PID"), getpid());
    failed = random_fill(&live->seed, sizeof live->seed, err) || read_machine(live, err);
    for (unsigned i = 0; !failed && i < count; i++)
        failed = set_up_entry(live, i, err);
    if (failed) {
        live_watch_destroy(live);
        return NULL;
    }
    return live;
}

void live_watch_destroy(struct live_watch *live)
{
    if (!live)
        return;
    for (unsigned i = 0; i < live->store_count; i++) {
        store_destroy(live->stores[i].store);
        guard_close(live->stores[i].guard);
        if (live->stores[i].entered)
            deployments_leave(&live->stores[i].cli);
        else
            credentials_close(&live->stores[i].cli);
    }
    notify_finish(&live->notify);
    free(live);
}

const char *live_watch_machine(const struct live_watch *live)
{
    return live->machine;
}

void live_watch_begin(struct live_watch *live, struct watch_host *host)
{
    *host = (struct watch_host){
        .arg = live,
        .now = host_now,
        .wall = host_wall,
        .random = host_random,
        .stopped = host_stopped,
        .sleep = host_sleep,
        .poll = host_poll,
        .pull = host_pull,
        .converge = live->deploy ? host_converge : NULL,
        .deploy = live->deploy ? host_deploy : NULL,
        .hook = config_text(&live->cli->config, OPT_HOOK) ? host_hook : NULL,
        .heartbeat = live->deploy ? host_heartbeat : NULL,
        .report = host_report,
        .note = host_note,
        .warn = host_warn,
        .publish = host_publish,
    };
    notify_ready(&live->notify);
}

int live_watch_end(struct live_watch *live, struct err *err)
{
    notify_stopping(&live->notify);
    if (!live->is_unusable)
        return 0;
    *err = live->fault;
    return ERR_FAIL;
}
