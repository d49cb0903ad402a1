/*
 * The table of the real host, and its part for files, bucket, images and time. Containers, and
 * traffic and gates, are in files of their own.
 */
#include "deploy/real_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/file.h"
#include "deploy/image_room.h"
#include "deploy/real_parts.h"
#include "deploy/record.h"
#include "flow/cancel.h"
#include "pull/plan/layer_report.h"
#include "pull/pull.h"

struct real_host *real_of(struct deploy_host *host)
{
    return (struct real_host *)host;
}

struct real_unit *real_unit(struct deploy_host *host, unsigned unit)
{
    return &real_of(host)->units[unit];
}

void real_warn(const struct real_host *real, const char *text)
{
    if (real->options->observer.warn)
        real->options->observer.warn(real->options->observer.arg, text);
}

/* ---- the daemon ---- */

/* Podman has the request since 5.1. */
static bool can_set_restart(const struct docker_engine *engine)
{
    unsigned long major, minor;
    char *dot;

    if (!engine->podman)
        return true;
    major = strtoul(engine->version, &dot, 10);
    if (dot == engine->version || *dot != '.')
        return true;
    minor = strtoul(dot + 1, NULL, 10);
    return major > 5 || (major == 5 && minor >= 1);
}

struct docker *real_docker(struct deploy_host *host, struct err *err)
{
    struct real_host *real = real_of(host);

    if (real->docker)
        return real->docker;
    real->docker = docker_open(real->options->endpoint, real->options->cancel, err);
    if (real->docker)
        host->sets_restart = can_set_restart(docker_engine(real->docker));
    return real->docker;
}

/* ---- files ---- */

static int host_lock(struct deploy_host *host, int64_t wait, struct err *err)
{
    return state_files_lock(&real_of(host)->files, wait, real_of(host)->options->cancel, err);
}

static void host_unlock(struct deploy_host *host)
{
    state_files_unlock(&real_of(host)->files);
}

static int host_journal_read(struct deploy_host *host, struct text *out, struct err *err)
{
    return state_files_read(&real_of(host)->files, out, err);
}

static int host_journal_write(struct deploy_host *host, struct view content, struct err *err)
{
    return state_files_write(&real_of(host)->files, content, err);
}

static int host_journal_set_aside(struct deploy_host *host, struct err *err)
{
    return state_files_set_aside(&real_of(host)->files, err);
}

/* ---- bucket and images ---- */

static int host_resolve(struct deploy_host *host, struct deploy_want *out, struct err *err)
{
    struct real_host *real = real_of(host);
    const struct deploy_options *options = real->options;
    struct guarded *meant = &real->meant;

    *out = (struct deploy_want){0};
    if (guard_environment(options->guard, options->store, options->deployment->app,
                          options->deployment->env, meant, err))
        return ERR_FAIL;
    str_copy(out->etag, sizeof out->etag, meant->etag);
    str_copy(out->ref, sizeof out->ref, meant->resolved.image.ref);
    str_copy(out->key, sizeof out->key, meant->resolved.archive_key);
    return 0;
}

static int host_room(struct deploy_host *host, const struct deploy_want *want,
                     struct deploy_room *out, struct err *err)
{
    const struct deploy_options *options = real_of(host)->options;
    const struct guarded *meant = &real_of(host)->meant;
    const struct image_room_subject subject = {
        .store = options->store,
        .guard = options->guard,
        .stated = meant->stated ? &meant->statement : NULL,
        .platform = options->deployment->platform,
        .want = want,
    };
    struct docker *docker = real_docker(host, err);

    return docker ? image_room(docker, &subject, out, err) : ERR_FAIL;
}

/* The image of `want` must be the one that the last resolve has proven. */
static int check_meant(const struct real_host *real, const struct deploy_want *want,
                       struct err *err)
{
    const struct guarded *meant = &real->meant;

    if (!real->options->guard ||
        (strcmp(meant->etag, want->etag) == 0 && strcmp(meant->resolved.image.ref, want->ref) == 0))
        return 0;
    return err_set(err, ERR_INTERNAL, "trust", "the image %s was not resolved", want->ref);
}

/* Fills the request of the image of `want`. */
static int request_image(struct deploy_host *host, const struct deploy_want *want,
                         struct pull_options *out, struct err *err)
{
    const struct real_host *real = real_of(host);
    const struct deploy_options *options = real->options;

    *out = (struct pull_options){
        .transfer = options->transfer,
        .store = options->store,
        .key = want->key[0] ? want->key : NULL,
        .platform = options->deployment->platform,
        .guard = options->guard,
        .stated = real->meant.stated ? &real->meant.statement : NULL,
        .docker = real_docker(host, err),
        .reuse = options->reuse,
    };
    return !out->docker || check_meant(real, want, err) ||
                   name_parse_image(want->ref, &out->name, err)
               ? ERR_FAIL
               : 0;
}

/* A pull that must prove the image compares its id with the proven one. */
static int inspect_proven(struct deploy_host *host, struct deploy_want *want, struct err *err)
{
    struct pull_options pull;
    struct pull_result result;
    int failed;

    if (request_image(host, want, &pull, err))
        return ERR_FAIL;
    pull.dry_run = true;
    failed = pull_run(&pull, &result, err);
    layer_report_destroy(result.layer_report);
    if (failed)
        return ERR_FAIL;
    str_copy(want->image_id, sizeof want->image_id,
             result.skipped ? result.daemon_id : result.image_id);
    return result.skipped ? DOCKER_OK : DOCKER_ABSENT;
}

static int host_look(struct deploy_host *host, struct deploy_want *want, struct err *err)
{
    struct docker *docker = real_docker(host, err);
    struct docker_image image;
    int answer;

    if (!docker)
        return ERR_FAIL;
    if (host->proves)
        return inspect_proven(host, want, err);
    answer = docker_inspect(docker, want->ref, &image, err);
    if (answer == DOCKER_OK)
        str_copy(want->image_id, sizeof want->image_id, image.id);
    return answer;
}

static int host_pull(struct deploy_host *host, struct deploy_want *want, struct err *err)
{
    struct real_host *real = real_of(host);
    struct pull_options pull;
    struct pull_result result;
    struct docker_image image;
    int answer;

    if (request_image(host, want, &pull, err) ||
        state_files_keep_images(&real->files, real->options->cancel, err) ||
        pull_run(&pull, &result, err))
        return ERR_FAIL;
    answer = docker_inspect(pull.docker, want->ref, &image, err);
    if (answer == DOCKER_ABSENT)
        return err_set(err, ERR_DOCKER, "inspect", "the image %s is gone right after the pull",
                       want->ref);
    if (answer == DOCKER_OK && strcmp(image.id, result.daemon_id) != 0)
        return err_set(err, ERR_DOCKER, CODE_INSPECT,
                       "%s leads to another image right after the pull", want->ref);
    str_copy(want->image_id, sizeof want->image_id, image.id);
    return answer;
}

static int host_prune_images(struct deploy_host *host, const char *keep, bool dangling,
                             unsigned *count, struct err *err)
{
    struct docker *docker = real_docker(host, err);
    int answer = docker ? state_files_remove_images(&real_of(host)->files, err) : ERR_FAIL;

    /* The next run removes what this one leaves. */
    if (answer)
        return answer == FILE_BUSY ? 0 : ERR_FAIL;
    return image_room_prune(docker, real_of(host)->options->deployment->app, keep, dangling, count,
                            err);
}

static int host_record(struct deploy_host *host, const struct deploy_result *result,
                       const struct err *failure, struct err *err)
{
    const struct deploy_options *options = real_of(host)->options;
    const struct record_options record = {
        .store = options->store,
        .app = options->deployment->app,
        .env = options->deployment->env,
        .state_folder = options->state_folder,
        .heartbeat = options->heartbeat,
        .version = options->version ? options->version : "",
    };

    return record_result(&record, result, failure, err);
}

/* ---- time ---- */

static int64_t host_now(struct deploy_host *host)
{
    (void)host;
    return clock_boot();
}

static int64_t host_wall(struct deploy_host *host)
{
    (void)host;
    return clock_wall();
}

static int host_sleep(struct deploy_host *host, int64_t ns, struct err *err)
{
    const struct cancel *cancel = real_of(host)->options->cancel;

    while (ns > 0 && !cancel_requested(cancel)) {
        int64_t step = ns < CANCEL_TICK ? ns : CANCEL_TICK;
        const struct timespec pause = {.tv_nsec = step};

        nanosleep(&pause, NULL);
        ns -= step;
    }
    return cancel_check(cancel, err);
}

/* ---- the host ---- */

static const struct deploy_host_table TABLE = {
    .lock = host_lock,
    .unlock = host_unlock,
    .journal_read = host_journal_read,
    .journal_write = host_journal_write,
    .journal_set_aside = host_journal_set_aside,
    .resolve = host_resolve,
    .room = host_room,
    .pull = host_pull,
    .look = host_look,
    .prune_images = host_prune_images,
    .record = host_record,
    .recipe = real_recipe,
    .list = real_list,
    .list_states = real_list_states,
    .inspect = real_inspect,
    .create = real_create,
    .judge = real_judge,
    .start = real_start,
    .kill = real_kill,
    .set_restart = real_set_restart,
    .rename = real_rename,
    .remove = real_remove,
    .log = real_log,
    .hold = real_hold,
    .enter = real_enter,
    .leave = real_leave,
    .busy = real_busy,
    .cut = real_cut,
    .where = real_where,
    .gate = real_gate,
    .gate_once = real_gate_once,
    .verify = real_verify,
    .hook = real_hook,
    .now = host_now,
    .wall = host_wall,
    .sleep = host_sleep,
};

/* The address of each slot, also while no container is in it. */
static void set_addresses(struct real_unit *unit)
{
    const struct unit_spec *spec = unit->spec;

    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        if (spec->slot_ports[slot])
            snprintf(unit->addresses[slot], REAL_ADDRESS_SIZE, "127.0.0.1:%u",
                     (unsigned)spec->slot_ports[slot]);
        else if (spec->slot_names[slot][0])
            snprintf(unit->addresses[slot], REAL_ADDRESS_SIZE, "%s:%u", spec->slot_names[slot],
                     (unsigned)spec->port);
        unit->context.addresses[slot] = unit->addresses[slot];
    }
}

struct deploy_host *real_host_create(const struct deploy_options *options, struct err *err)
{
    const struct deployment *deployment = options->deployment;
    struct real_host *real = calloc(1, sizeof *real);

    if (!real) {
        err_memory(err, "the host");
        return NULL;
    }
    real->host.table = &TABLE;
    real->host.sets_restart = true;
    real->host.proves = options->guard != NULL;
    real->options = options;
    for (unsigned i = 0; i < deployment->unit_count; i++) {
        struct real_unit *unit = &real->units[i];

        unit->spec = &deployment->units[i];
        unit->context.app = deployment->app;
        unit->context.env = deployment->env;
        unit->context.unit = unit->spec->unit;
        unit->context.cancel = options->cancel;
        set_addresses(unit);
    }
    if (state_files_find(&real->files, deployment->app, deployment->env, options->state_folder,
                         options->lock_folder, err)) {
        real_host_destroy(&real->host);
        return NULL;
    }
    return &real->host;
}

void real_host_destroy(struct deploy_host *host)
{
    struct real_host *real = host ? real_of(host) : NULL;

    if (!real)
        return;
    for (unsigned i = 0; i < real->options->deployment->unit_count; i++) {
        if (real->units[i].recipe_loaded)
            container_spec_finish(&real->units[i].recipe);
        traffic_close(real->units[i].traffic);
    }
    docker_close(real->docker);
    state_files_unlock(&real->files);
    free(real);
}
