/*
 * A switch writes a note, replaces the file, and checks it. Then it reloads the proxy, waits until
 * the proxy has new workers, and deletes the note. A failure after the write restores the old
 * content. If a reload may have taken place, the proxy is reloaded again.
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "deploy/traffic/driver.h"
#include "deploy/traffic/target_file.h"
#include "deploy/traffic/traffic_program.h"

#define TITLE_TIME (2 * NS_PER_S) /* in which an old worker shows that it ends */

/* One switch. */
struct change {
    struct traffic *traffic;
    struct text old;
    bool was_absent;
    bool was_unloaded; /* the proxy may not run the old content */
    bool reloaded;     /* or it may be so */
};

/* ---- the proxy ---- */

/* Old workers close their listening sockets a moment after the new ones begin. nginx changes their
 * title then. Workers that keep their title are not waited for. */
static int wait_for_old_workers(struct traffic *traffic, struct err *err)
{
    int64_t end = clock_monotonic() + TITLE_TIME;

    while (proxy_workers_unchanged(&traffic->old_workers) && clock_monotonic() < end)
        if (traffic_pause(traffic, TRAFFIC_POLL / 5, err) < 0)
            return ERR_FAIL;
    return 0;
}

/* A proxy without workers from before, or that is not known, cannot be watched. */
static int wait_for_new_workers(struct traffic *traffic, struct err *err)
{
    int64_t deadline = traffic_deadline(traffic);
    struct proxy_workers now;

    if (traffic->old_workers.count == 0)
        return 0;
    for (;;) {
        if (proxy_workers_find(traffic->spec->pid_file, &now) &&
            proxy_workers_has_new(&now, &traffic->old_workers))
            return wait_for_old_workers(traffic, err);
        if (clock_monotonic() > deadline)
            return err_set(err, ERR_DEPLOY, CODE_SWITCH,
                           "the proxy of %s started no new workers after the reload: its log has "
                           "the reason",
                           traffic->spec->pid_file);
        if (traffic_pause(traffic, TRAFFIC_POLL / 5, err) < 0)
            return ERR_FAIL;
    }
}

static int run_reload(struct traffic *traffic, struct err *err)
{
    const struct traffic_program reload = {.argv = traffic->spec->reload};

    if (reload.argv && reload.argv[0] && traffic_program_must(traffic, &reload, err) < 0)
        return err_wrap(err, "the reload of the proxy");
    return 0;
}

static int reload(struct change *change, struct err *err)
{
    struct traffic *traffic = change->traffic;

    traffic->old_workers.count = 0;
    if (traffic->spec->pid_file[0])
        proxy_workers_find(traffic->spec->pid_file, &traffic->old_workers);
    change->reloaded = true;
    if (run_reload(traffic, err) < 0 || wait_for_new_workers(traffic, err) < 0)
        return ERR_FAIL;
    return traffic_pause(traffic, traffic->spec->settle, err);
}

/* ---- the switch ---- */

static int check(struct traffic *traffic, struct err *err)
{
    const struct traffic_program check = {.argv = traffic->spec->check};

    if (check.argv && check.argv[0] && traffic_program_must(traffic, &check, err) < 0)
        return err_wrap(err, "the check of %s", traffic->spec->file);
    return 0;
}

static int write_old(const struct change *change, struct err *err)
{
    if (change->was_absent)
        return target_file_remove(change->traffic->spec, err);
    return target_file_write(change->traffic->spec, text_view(&change->old), err);
}

/* Restores the old content after a failure, whose error stays. A cancel does not stop that: the
 * programs get a limit, but no cancel. The note stays unless the proxy runs the content. */
static void restore(struct change *change, struct err *err)
{
    struct traffic *traffic = change->traffic;
    const struct cancel *cancel = traffic->context.cancel;
    struct err second;
    bool loaded = !change->was_unloaded;

    traffic->context.cancel = NULL;
    if (write_old(change, &second) < 0) {
        err_wrap(err, "the old content of %s is not restored", traffic->spec->file);
        loaded = false;
    } else if (change->reloaded) {
        loaded = run_reload(traffic, &second) == 0;
        if (!loaded)
            err_wrap(err, "the proxy may not run the restored %s", traffic->spec->file);
    }
    if (loaded)
        target_note_remove(traffic->spec, &second);
    traffic->context.cancel = cancel;
}

static int switch_to(struct change *change, const char *address, struct err *err)
{
    struct traffic *traffic = change->traffic;
    _cleanup_text_ struct text content = {0};
    int answer;

    text_init(&content, TARGET_FILE_MAX);
    target_file_content(traffic->spec, address, &content);
    answer = target_file_read(traffic->spec, &change->old, err);
    if (answer < 0 || text_check(&content, traffic->spec->file, err) < 0)
        return ERR_FAIL;
    change->was_absent = answer == TARGET_FILE_ABSENT;
    change->was_unloaded = target_note_exists(traffic->spec);
    if (target_note_write(traffic->spec, err) < 0)
        return ERR_FAIL;
    if ((!view_equals(text_view(&content), text_view(&change->old)) &&
         target_file_write(traffic->spec, text_view(&content), err) < 0) ||
        check(traffic, err) < 0 || reload(change, err) < 0) {
        restore(change, err);
        return ERR_FAIL;
    }
    return target_note_remove(traffic->spec, err);
}

static int file_enter(struct traffic *traffic, const struct traffic_target *target, struct err *err)
{
    struct change change = {.traffic = traffic};
    int failed;

    text_init(&change.old, TARGET_FILE_MAX);
    failed = switch_to(&change, target->address, err);
    text_finish(&change.old);
    return failed;
}

static int file_where(struct traffic *traffic, unsigned *slots, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    int answer;

    text_init(&text, TARGET_FILE_MAX);
    if (target_note_exists(traffic->spec))
        return TRAFFIC_UNKNOWN;
    answer = target_file_read(traffic->spec, &text, err);
    if (answer < 0)
        return ERR_FAIL;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (target_file_names(text_view(&text), traffic->context.addresses[slot]))
            *slots |= 1u << slot;
    return TRAFFIC_OK;
}

/* enter(stays) took the target out already, unless another program changed the file since. */
static int file_leave(struct traffic *traffic, const struct traffic_target *target,
                      const struct traffic_target *stays, struct err *err)
{
    unsigned slots = 0;
    int answer = file_where(traffic, &slots, err);

    (void)target;
    if (answer < 0)
        return ERR_FAIL;
    if (answer == TRAFFIC_OK && slots == 1u << stays->slot)
        return 0;
    return file_enter(traffic, stays, err);
}

/* An old worker may have read a request that it has not yet sent on: without connections the target
 * is still busy while old workers run. */
static int file_busy(struct traffic *traffic, const struct traffic_target *target, int64_t *count,
                     struct err *err)
{
    unsigned running = proxy_workers_running(&traffic->old_workers);

    (void)err;
    if (traffic->old_workers.count == 0)
        return traffic_connections(target, count);
    if (running == 0)
        *count = 0;
    else if (traffic_connections(target, count) != TRAFFIC_OK || *count == 0)
        *count = running;
    return TRAFFIC_OK;
}

/* ---- the configuration ---- */

static int file_check(const struct traffic *traffic, struct err *err)
{
    const struct traffic_spec *spec = traffic->spec;

    if (!strstr(spec->line, "{target}"))
        return err_set(err, ERR_USAGE, CODE_DEPLOY,
                       "traffic: `line` does not contain {target}, the address of the container");
    return 0;
}

static void file_examine(struct traffic *traffic, struct text *lines)
{
    _cleanup_text_ struct text text = {0};
    const struct traffic_spec *spec = traffic->spec;
    struct proxy_workers workers;
    char folder[PATH_MAX];
    struct err err;
    int answer;

    text_init(&text, TARGET_FILE_MAX);
    answer = target_file_read(spec, &text, &err);
    if (answer < 0)
        text_printf(lines, "%s\n", err.text);
    else if (answer == TARGET_FILE_ABSENT)
        text_printf(lines, "%s does not exist: create it, so that the proxy can start\n",
                    spec->file);
    if (!file_folder(spec->file, folder) || access(folder, W_OK) != 0)
        text_printf(lines, "the folder of %s cannot be written\n", spec->file);
    if (target_note_exists(spec))
        text_printf(lines, "the proxy may not have been reloaded since %s was written\n",
                    spec->file);
    if (spec->pid_file[0] && !proxy_workers_find(spec->pid_file, &workers))
        text_printf(lines, "%s has no number of a running process\n", spec->pid_file);
    traffic_program_examine(spec->check, "check", lines);
    traffic_program_examine(spec->reload, "reload", lines);
}

const struct traffic_driver TRAFFIC_DRIVER_FILE = {
    .check = file_check,
    .enter = file_enter,
    .leave = file_leave,
    .busy = file_busy,
    .where = file_where,
    .examine = file_examine,
};
