/*
 * Commands to HAProxy's admin socket. A server serves if it runs and no administrative state is
 * set.
 *
 * A server that leaves `maint` counts as UP before its first health check. Its status is "UP 1/2"
 * then, and "UP" after a check that passed: enter waits for the latter.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "deploy/spec/labels.h"
#include "deploy/traffic/driver.h"
#include "deploy/traffic/haproxy_answer.h"
#include "deploy/traffic/haproxy_socket.h"

#define ANSWER_MAX  (1 * MIB)
#define COMMAND_MAX 640

/* ---- commands ---- */

static int send_command(const struct traffic *traffic, const char *command, struct text *answer,
                        struct err *err)
{
    const struct haproxy_socket socket = {.address = traffic->spec->haproxy,
                                          .limit = traffic->context.limit,
                                          .cancel = traffic->context.cancel};

    return haproxy_ask(&socket, command, answer, err);
}

/* Sends a command that changes the state of HAProxy. Its %s are backend and server. */
static int order(const struct traffic *traffic, const char *before, enum deploy_slot slot,
                 const char *after, struct err *err)
{
    _cleanup_text_ struct text answer = {0};
    char command[COMMAND_MAX];

    text_init(&answer, ANSWER_MAX);
    snprintf(command, sizeof command, "%s %s/%s%s", before, traffic->spec->backend,
             traffic->spec->servers[slot], after);
    if (send_command(traffic, command, &answer, err) < 0)
        return ERR_FAIL;
    if (haproxy_read_done(text_view(&answer), err) < 0)
        return err_wrap(err, "\"%s\"", command);
    return 0;
}

static int refuse_absent(const struct traffic *traffic, enum deploy_slot slot, struct err *err)
{
    return err_set(err, ERR_DEPLOY, CODE_SWITCH, "HAProxy's backend %s has no server %s",
                   traffic->spec->backend, traffic->spec->servers[slot]);
}

static int read_states(const struct traffic *traffic, struct haproxy_state states[SLOT_COUNT],
                       struct err *err)
{
    _cleanup_text_ struct text answer = {0};
    char command[COMMAND_MAX];
    int found;

    text_init(&answer, ANSWER_MAX);
    snprintf(command, sizeof command, "show servers state %s", traffic->spec->backend);
    if (send_command(traffic, command, &answer, err) < 0)
        return ERR_FAIL;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        found = haproxy_read_state(text_view(&answer), traffic->spec->backend,
                                   traffic->spec->servers[slot], &states[slot], err);
        if (found == HAPROXY_ABSENT)
            return refuse_absent(traffic, slot, err);
        if (found < 0)
            return ERR_FAIL;
    }
    return 0;
}

/* Type 4: the servers of the backend. */
static int read_stat(const struct traffic *traffic, enum deploy_slot slot, struct haproxy_stat *out,
                     struct err *err)
{
    _cleanup_text_ struct text answer = {0};
    char command[COMMAND_MAX];
    int found;

    text_init(&answer, ANSWER_MAX);
    snprintf(command, sizeof command, "show stat %s 4 -1", traffic->spec->backend);
    if (send_command(traffic, command, &answer, err) < 0)
        return ERR_FAIL;
    found = haproxy_read_stat(text_view(&answer), traffic->spec->backend,
                              traffic->spec->servers[slot], out, err);
    return found == HAPROXY_ABSENT ? refuse_absent(traffic, slot, err) : found;
}

/* ---- changes ---- */

/* Waits until the admin state of the slot has one of the bits. */
static int wait_for_admin(struct traffic *traffic, enum deploy_slot slot, unsigned bits,
                          struct err *err)
{
    int64_t deadline = traffic_deadline(traffic);
    struct haproxy_state states[SLOT_COUNT];

    for (;;) {
        if (read_states(traffic, states, err) < 0)
            return ERR_FAIL;
        if (states[slot].admin_state & bits)
            return 0;
        if (clock_monotonic() > deadline)
            return err_set(err, ERR_DEPLOY, CODE_SWITCH,
                           "HAProxy accepted the command, but server %s of backend %s is still in "
                           "rotation",
                           traffic->spec->servers[slot], traffic->spec->backend);
        if (traffic_pause(traffic, TRAFFIC_POLL, err) < 0)
            return ERR_FAIL;
    }
}

static int haproxy_hold(struct traffic *traffic, enum deploy_slot slot, struct err *err)
{
    if (order(traffic, "set server", slot, " state maint", err) < 0)
        return ERR_FAIL;
    return wait_for_admin(traffic, slot, HAPROXY_MAINT, err);
}

static bool has_passed(const struct haproxy_stat *stat)
{
    return strcmp(stat->status, "UP") == 0 || strcmp(stat->status, "no check") == 0;
}

static int wait_for_rotation(struct traffic *traffic, enum deploy_slot slot, struct err *err)
{
    int64_t deadline = traffic_deadline(traffic);
    struct haproxy_state states[SLOT_COUNT];
    struct haproxy_stat stat;

    for (;;) {
        if (read_states(traffic, states, err) < 0 || read_stat(traffic, slot, &stat, err) < 0)
            return ERR_FAIL;
        if (haproxy_serves(&states[slot]) && has_passed(&stat))
            return 0;
        if (clock_monotonic() > deadline)
            return err_set(err, ERR_DEPLOY, CODE_SWITCH,
                           "server %s of HAProxy's backend %s did not come into rotation: status "
                           "%s, health check %s",
                           traffic->spec->servers[slot], traffic->spec->backend, stat.status,
                           stat.check[0] ? stat.check : "unknown");
        if (traffic_pause(traffic, TRAFFIC_POLL, err) < 0)
            return ERR_FAIL;
    }
}

static int haproxy_enter(struct traffic *traffic, const struct traffic_target *target,
                         struct err *err)
{
    if (order(traffic, "set server", target->slot, " state ready", err) < 0)
        return ERR_FAIL;
    return wait_for_rotation(traffic, target->slot, err);
}

/* Never takes the last server out of rotation. */
static int haproxy_leave(struct traffic *traffic, const struct traffic_target *target,
                         const struct traffic_target *stays, struct err *err)
{
    struct haproxy_state states[SLOT_COUNT];

    if (read_states(traffic, states, err) < 0)
        return ERR_FAIL;
    if (!haproxy_serves(&states[stays->slot]))
        return err_set(
            err, ERR_DEPLOY, CODE_SWITCH,
            "server %s of HAProxy's backend %s is not in rotation any more, so %s is not "
            "taken out",
            traffic->spec->servers[stays->slot], traffic->spec->backend,
            traffic->spec->servers[target->slot]);
    if (states[target->slot].admin_state & (HAPROXY_MAINT | HAPROXY_DRAIN))
        return 0;
    if (order(traffic, "set server", target->slot, " state drain", err) < 0)
        return ERR_FAIL;
    return wait_for_admin(traffic, target->slot, HAPROXY_MAINT | HAPROXY_DRAIN, err);
}

static int haproxy_busy(struct traffic *traffic, const struct traffic_target *target,
                        int64_t *count, struct err *err)
{
    struct haproxy_stat stat;

    if (read_stat(traffic, target->slot, &stat, err) < 0)
        return ERR_FAIL;
    *count = stat.sessions + stat.queued;
    return TRAFFIC_OK;
}

static int haproxy_cut(struct traffic *traffic, const struct traffic_target *target,
                       struct err *err)
{
    return order(traffic, "shutdown sessions server", target->slot, "", err);
}

static int haproxy_where(struct traffic *traffic, unsigned *slots, struct err *err)
{
    struct haproxy_state states[SLOT_COUNT];

    if (read_states(traffic, states, err) < 0)
        return ERR_FAIL;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (haproxy_serves(&states[slot]))
            *slots |= 1u << slot;
    return TRAFFIC_OK;
}

/* ---- the configuration ---- */

/* A name goes into commands, where blanks and semicolons separate. */
static bool is_name(const char *name)
{
    size_t size =
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

    return size > 0 && !name[size];
}

static int haproxy_check(const struct traffic *traffic, struct err *err)
{
    const struct traffic_spec *spec = traffic->spec;

    if (is_name(spec->backend) && is_name(spec->servers[0]) && is_name(spec->servers[1]))
        return 0;
    return err_set(err, ERR_USAGE, CODE_DEPLOY,
                   "traffic: a backend or server of HAProxy consists of letters, digits and -_.:");
}

static void examine_level(const struct traffic *traffic, struct text *lines)
{
    _cleanup_text_ struct text answer = {0};
    struct err err;

    text_init(&answer, ANSWER_MAX);
    if (send_command(traffic, "show cli level", &answer, &err) == 0 &&
        (strncmp(answer.data, "operator", 8) == 0 || strncmp(answer.data, "user", 4) == 0))
        text_printf(lines, "HAProxy's socket %s has no `level admin`\n", traffic->spec->haproxy);
}

static void examine_server(const struct traffic *traffic, enum deploy_slot slot,
                           const struct haproxy_state *state, struct text *lines)
{
    const char *colon = strrchr(traffic->context.addresses[slot], ':');
    const char *name = traffic->spec->servers[slot];
    struct haproxy_stat stat;
    struct err err;
    char port[16];

    snprintf(port, sizeof port, "%u", state->port);
    if (colon && state->port && strcmp(colon + 1, port) != 0)
        text_printf(lines, "server %s of HAProxy has port %s, the slot %s is %s\n", name, port,
                    deploy_slot_name(slot), traffic->context.addresses[slot]);
    if (read_stat(traffic, slot, &stat, &err) == 0 && strcmp(stat.status, "no check") == 0)
        text_printf(lines,
                    "server %s of HAProxy has no `check`: after a restart of HAProxy it gets "
                    "requests without a container\n",
                    name);
}

static void haproxy_examine(struct traffic *traffic, struct text *lines)
{
    struct haproxy_state states[SLOT_COUNT];
    struct err err;

    if (read_states(traffic, states, &err) < 0) {
        text_printf(lines, "%s\n", err.text);
        return;
    }
    examine_level(traffic, lines);
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        examine_server(traffic, slot, &states[slot], lines);
}

const struct traffic_driver TRAFFIC_DRIVER_HAPROXY = {
    .check = haproxy_check,
    .hold = haproxy_hold,
    .enter = haproxy_enter,
    .leave = haproxy_leave,
    .busy = haproxy_busy,
    .cut = haproxy_cut,
    .where = haproxy_where,
    .examine = haproxy_examine,
};
