/*
 * All functions of the table are called on the main thread, one at a time. While one of them waits,
 * it reports to the watchdog of the service manager, but only as long as its step is inside of its
 * own limit: a step that hangs is ended by the manager.
 */
#include "cli/commands/watch_host.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/random.h"
#include "cli/cli.h"
#include "cli/commands/transfer_ui.h"
#include "cli/connect.h"
#include "cli/credentials.h"
#include "cli/deployments.h"
#include "cli/print/hints.h"
#include "cli/version.h"
#include "deploy/deploy.h"
#include "deploy/machine.h"
#include "deploy/record.h"
#include "docker/docker.h"
#include "docker/host.h"
#include "flow/program.h"
#include "flow/run.h"
#include "pull/pull.h"
#include "store/store.h"
#include "watch/notify.h"

#define EVENT_MAX      (16 * KIB)
#define METRICS_EVERY  (10 * NS_PER_S)
#define HOOK_LIMIT     (30 * 60 * NS_PER_S)
#define POLL_LIMIT     (2 * 60 * NS_PER_S)
#define STILL_LIMIT    (5 * 60 * NS_PER_S)  /* of a transfer without progress */
#define LOAD_LIMIT     (30 * 60 * NS_PER_S) /* of the daemon that loads an image */
#define MMAP_THRESHOLD (128 * 1024)

/* A bucket that is in use: one for each profile. */
struct live_store {
    char profile[CONFIG_NAME_MAX];
    struct cli cli; /* with the settings of the profile; does not move */
    bool entered;
    struct store *store; /* NULL: not opened so far */
};

struct live_entry {
    struct live_store *from;
    struct pointer_poll poll;
    /* in the file of the metrics */
    enum watch_state state;
    uint64_t runs[METRICS_RUNS];
    char image[NAME_REF_MAX];
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
    uint64_t seed;
    char machine[MACHINE_SIZE];
    bool is_unusable; /* the settings of a bucket are not valid: `fault` */
    struct err fault;
    /* of the current step */
    int64_t until;        /* the watchdog is served until then */
    uint64_t done, moved; /* of the transfer */
    enum transfer_phase phase;
    int64_t metrics_stored; /* time of the last write; 0: none */
};

/* ---- the watchdog ---- */

static void begin_step(struct live_watch *live, int64_t limit)
{
    live->until = clock_boot() + limit;
    live->done = live->moved = 0;
    notify_alive(&live->notify, clock_boot());
}

static void wake(void *arg)
{
    struct live_watch *live = arg;
    int64_t now = clock_boot();

    if (now < live->until)
        notify_alive(&live->notify, now);
}

/* The deployment calls it only inside of its own limits. */
static void wake_deploy(void *arg)
{
    struct live_watch *live = arg;

    notify_alive(&live->notify, clock_boot());
}

static void wake_transfer(void *arg, const struct transfer_progress *progress)
{
    struct live_watch *live = arg;
    bool loads = progress->phase == PHASE_LOAD;

    if (progress->phase != live->phase)
        live->until = clock_boot() + (loads ? LOAD_LIMIT : STILL_LIMIT);
    else if (!loads && (progress->done != live->done || progress->moved != live->moved))
        live->until = clock_boot() + STILL_LIMIT;
    live->phase = progress->phase;
    live->done = progress->done;
    live->moved = progress->moved;
    wake(live);
}

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

/* A signal ends the wait of clock_nanosleep. One that comes right before it is seen after the
 * tick. */
static void host_sleep(void *arg, int64_t until)
{
    struct live_watch *live = arg;
    int64_t now;

    while ((now = clock_boot()) < until && !host_stopped(live)) {
        int64_t tick = now + CANCEL_TICK < until ? now + CANCEL_TICK : until;
        struct timespec at = {.tv_sec = (time_t)(tick / NS_PER_S), .tv_nsec = tick % NS_PER_S};

        notify_alive(&live->notify, now);
        clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL);
    }
    notify_alive(&live->notify, now);
}

/* ---- reports ---- */

static void host_note(void *arg, unsigned at, const char *text)
{
    const struct live_watch *live = arg;

    output_notice(&live->cli->output, "%s/%s: %s", live->entries[at].app, live->entries[at].env,
                  text);
}

static void host_warn(void *arg, unsigned at, const struct err *why)
{
    const struct live_watch *live = arg;
    struct err err = *why;

    if (live->is_unusable)
        return; /* the command prints it */
    hints_add(&err);
    output_warn(&live->cli->output, "%s/%s: %s [%s.%s]%s%s", live->entries[at].app,
                live->entries[at].env, err.text, err_family_name(err.family), err.code,
                err.hint[0] ? "; hint: " : "", err.hint);
}

static void write_event(const struct watch_event *event, struct text *out)
{
    struct json_writer w;
    char time[CLOCK_RFC3339_SIZE];

    clock_rfc3339(clock_wall() / NS_PER_S * NS_PER_S, time);
    jw_init(&w, out, true);
    jw_object(&w, NULL);
    jw_string(&w, "time", time);
    jw_string(&w, "event", event->event);
    jw_string(&w, "app_name", event->entry->app);
    jw_string(&w, "environment", event->entry->env);
    jw_string(&w, "image_ref", event->image_ref);
    jw_string_if(&w, "previous_ref", event->previous_ref ? event->previous_ref : "");
    jw_string_if(&w, "pointer_etag", event->pointer_etag);
    if (event->err) {
        jw_object(&w, "error");
        jw_string(&w, "type", err_family_name(event->err->family));
        jw_string(&w, "code", event->err->code);
        jw_string(&w, "message", event->err->text);
        jw_end(&w);
    }
    jw_end(&w);
    text_char(out, '\n');
}

static int host_tell(void *arg, const struct watch_event *event, struct err *err)
{
    _cleanup_text_ struct text line = {0};

    (void)arg;
    text_init(&line, EVENT_MAX);
    write_event(event, &line);
    if (text_check(&line, "the change", err))
        return ERR_FAIL;
    log_redact(line.data);
    return file_write_all(STDOUT_FILENO, line.data, strlen(line.data), "standard output", err);
}

/* Returns whether the file of the metrics is due. Changes that alerts need are written at once. */
static bool metrics_are_due(struct live_watch *live, const struct watch_entry *entries,
                            unsigned count, int64_t now)
{
    bool due = !live->metrics_stored || now - live->metrics_stored >= METRICS_EVERY;

    for (unsigned i = 0; i < count; i++) {
        struct live_entry *last = &live->live[i];
        const struct metrics_entry *metrics = &entries[i].metrics;

        due = due || entries[i].state != last->state ||
              memcmp(metrics->runs, last->runs, sizeof last->runs) != 0 ||
              strcmp(metrics->image, last->image) != 0;
        last->state = entries[i].state;
        memcpy(last->runs, metrics->runs, sizeof last->runs);
        str_copy(last->image, sizeof last->image, metrics->image);
    }
    return due;
}

static void host_publish(void *arg, const struct watch_entry *entries, unsigned count)
{
    struct live_watch *live = arg;
    const char *path = config_text(&live->cli->config, OPT_METRICS);
    struct metrics_entry metrics[WATCH_ENTRIES_MAX];
    char status[400];
    struct err err;

    watch_summary(entries, count, status, sizeof status);
    notify_status(&live->notify, status);
    if (!path || !metrics_are_due(live, entries, count, clock_boot()))
        return;
    for (unsigned i = 0; i < count; i++)
        metrics[i] = entries[i].metrics;
    if (metrics_store(metrics, count, path, &err) && !live->metrics_stored)
        output_warn(&live->cli->output, "the metrics cannot be written: %s", err.text);
    live->metrics_stored = clock_boot();
}

/* ---- the bucket ---- */

/* Credentials may need a service that starts later. A setting that is not valid stays so: it ends
 * the watch. */
static int open_store(struct live_watch *live, unsigned at, struct store **out, struct err *err)
{
    struct live_store *from = live->live[at].from;

    if (!from->store && connect_store(&from->cli, false, &from->store, err)) {
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
    struct poll_wait wait = {.wake = wake, .arg = live};
    enum poll_answer answer;
    struct store *store;

    begin_step(live, POLL_LIMIT);
    if (open_store(live, at, &store, err))
        return POLL_FAILED;
    answer = pointer_poll_run(&entry->poll, store, &wait, asked, err);
    if (answer == POLL_MALFORMED)
        *err = entry->poll.fault;
    if (answer == POLL_SAME || answer == POLL_CHANGED) {
        pointer_poll_change(&entry->poll, out->change);
        out->resolved = entry->poll.resolved;
    }
    return answer;
}

/* ---- the daemon ---- */

static void fill_transfer(struct live_watch *live, struct transfer_options *out)
{
    const struct config *config = &live->cli->config;

    *out = (struct transfer_options){
        .jobs = config_is_word(config, OPT_JOBS) ? TRANSFER_JOBS_AUTO
                                                 : (unsigned)config_number(config, OPT_JOBS),
        .memory = (size_t)config_number(config, OPT_MEMORY),
        .cancel = live->cli->cancel,
        .progress = wake_transfer,
        .progress_arg = live,
    };
}

/* A transfer leaves free memory in the heaps of its threads. The service waits for hours. */
static void give_memory_back(void)
{
    malloc_trim(0);
}

static int host_pull(void *arg, unsigned at, const struct watch_target *target, struct err *err)
{
    struct live_watch *live = arg;
    struct pull_options options = {
        .name = target->resolved.image,
        .key = target->resolved.archive_key,
        .reuse = (enum reuse)config_number(&live->cli->config, OPT_REUSE),
        .no_resume = !config_switch(&live->cli->config, OPT_RESUME),
    };
    struct pull_result result;
    int failed;

    begin_step(live, STILL_LIMIT);
    fill_transfer(live, &options.transfer);
    failed = open_store(live, at, &options.store, err) ||
             connect_docker(live->cli, &options.docker, err) || pull_run(&options, &result, err);
    docker_close(options.docker);
    give_memory_back();
    return failed ? ERR_FAIL : 0;
}

/* ---- deployments ---- */

static void note_deploy(void *arg, const char *text)
{
    output_note(&((struct live_watch *)arg)->cli->output, "%s", text);
}

static void warn_deploy(void *arg, const char *text)
{
    output_warn(&((struct live_watch *)arg)->cli->output, "%s", text);
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
        .endpoint = &endpoint,
        .reuse = (enum reuse)config_number(&live->cli->config, OPT_REUSE),
        .cancel = live->cli->cancel,
        .observer = {.arg = live, .note = note_deploy, .warn = warn_deploy, .wake = wake_deploy},
        .automatic = true,
    };
    struct deployment *deployment = NULL;
    int failed;

    fill_transfer(live, &options.transfer);
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

    begin_step(live, POLL_LIMIT);
    return use_deployment(live, at, live->live[at].from->store, deploy_converge, result, err);
}

static int host_deploy(void *arg, unsigned at, struct deploy_result *result, struct err *err)
{
    struct live_watch *live = arg;
    struct store *store;
    int failed;

    begin_step(live, STILL_LIMIT);
    failed = open_store(live, at, &store, err) ||
             use_deployment(live, at, store, deploy_run, result, err);
    give_memory_back();
    return failed ? ERR_FAIL : 0;
}

static int host_heartbeat(void *arg, unsigned at, struct err *err)
{
    struct live_watch *live = arg;
    struct record_options options = {
        .app = live->entries[at].app,
        .env = live->entries[at].env,
        .heartbeat = (int64_t)config_number(&live->cli->config, OPT_HEARTBEAT) / 1000,
        .version = S3DOCK_VERSION,
    };

    begin_step(live, POLL_LIMIT);
    return open_store(live, at, &options.store, err) || record_heartbeat(&options, err) < 0
               ? ERR_FAIL
               : 0;
}

/* ---- the hook ---- */

static int run_hook(struct live_watch *live, char *const *environment, struct err *err)
{
    struct program program = {
        .what = "the hook",
        .line = config_text(&live->cli->config, OPT_HOOK),
        .env = environment,
        .limit = HOOK_LIMIT,
        .family = ERR_LOCAL,
        .code = "hook",
        .cancel = live->cli->cancel,
        .wake = wake,
        .arg = live,
    };
    int code;

    if (program_run(&program, &code, err))
        return ERR_FAIL;
    return code ? err_set(err, ERR_LOCAL, "hook", "the hook ended with exit code %d", code) : 0;
}

static int host_hook(void *arg, unsigned at, const struct watch_target *target, struct err *err)
{
    struct live_watch *live = arg;
    const struct watch_entry *entry = &live->entries[at];
    char app[NAME_APP_MAX + 16], env[NAME_ENV_MAX + 16], image[NAME_REF_MAX + 16],
        previous[NAME_REF_MAX + 20];
    const char *const changes[] = {PROGRAM_NO_NOTIFY, app, env, image, previous, NULL};
    char **environment;
    int failed;

    snprintf(app, sizeof app, "S3DOCK_APP=%s", entry->app);
    snprintf(env, sizeof env, "S3DOCK_ENV=%s", entry->env);
    snprintf(image, sizeof image, "S3DOCK_IMAGE=%s", target->resolved.image.ref);
    snprintf(previous, sizeof previous, "S3DOCK_PREVIOUS=%s", entry->served);
    environment = run_environment(changes);
    if (!environment)
        return err_memory(err, "the environment of the hook");
    begin_step(live, HOOK_LIMIT);
    failed = run_hook(live, environment, err);
    free(environment);
    return failed;
}

/* ---- set up ---- */

/* Large blocks are mapped and returned to the system when they are freed; few threads share few
 * heaps. */
static void limit_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_TRIM_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_ARENA_MAX, 1);
}

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

static int set_up_entry(struct live_watch *live, unsigned at, struct err *err)
{
    const struct watch_entry *entry = &live->entries[at];
    struct deployment *deployment = NULL;
    struct text warnings;
    int failed;

    text_init(&warnings, 64 * KIB);
    pointer_poll_init(&live->live[at].poll, entry->app, entry->env);
    failed = deployments_read(live->cli, entry->app, entry->env, &deployment, &warnings, err);
    if (failed && !live->deploy && err_is(err, ERR_NOT_FOUND, CODE_DEPLOYMENT))
        failed = 0; /* the bucket of the command line */
    failed = failed || enter_store(live, deployment, &live->live[at].from, err);
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
    limit_memory();
    live->cli = cli;
    live->entries = entries;
    live->count = count;
    live->deploy = deploy;
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
        .tell = host_tell,
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
