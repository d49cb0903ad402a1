/*
 * Checks the combinations of the keys of a unit. One function a subject; each names the keys that
 * do not fit.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/err.h"
#include "deploy/spec/unit.h"

/* Docker allows more; candidates get ".gN" behind the name. */
#define CONTAINER_NAME_MAX 200

/* ---- the name ---- */

static bool is_name(const char *text, const char *also, size_t max)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t size = strlen(text);

    if (!size || size > max || !strchr(letters, text[0]))
        return false;
    while (*text && (strchr(letters, *text) || strchr(also, *text)))
        text++;
    return !*text;
}

/* Returns true if the name looks like one that a run gives to a candidate or to a retired
 * container: it ends with .gN or .retired. */
static bool is_reserved(const char *name)
{
    const char *end = strrchr(name, '.');

    if (!end)
        return false;
    return strcmp(end, ".retired") == 0 ||
           (end[1] == 'g' && end[2] && !end[2 + strspn(end + 2, "0123456789")]);
}

/* Adds the default name, and checks it. Docker takes no name of one character. It would refuse the
 * name only at the commit. */
static int check_name(const struct entry_place *place, const char *app, const char *env,
                      struct unit_spec *unit, struct err *err)
{
    bool main_unit = strcmp(unit->unit, DEPLOY_UNIT_MAIN) == 0;

    if (!unit->name[0])
        snprintf(unit->name, sizeof unit->name, "%s-%s%s%s", app, env, main_unit ? "" : "-",
                 main_unit ? "" : unit->unit);
    if (is_reserved(unit->name))
        return entry_refuse(place, err,
                            "has the container name \"%s\": names that end with .retired, or with "
                            ".g and a number, are those of other containers of a deployment",
                            unit->name);
    if (is_name(unit->name, "_.-", CONTAINER_NAME_MAX) && unit->name[1])
        return 0;
    return entry_refuse(place, err,
                        "has the container name \"%s\": a name has 2 to %d of the characters a-z, "
                        "A-Z, 0-9, _ . - and begins with a letter or digit",
                        unit->name, CONTAINER_NAME_MAX);
}

/* ---- slots ---- */

static bool has_slot_ports(const struct unit_spec *unit)
{
    return unit->slot_ports[SLOT_BLUE] != 0;
}

static bool has_slot_names(const struct unit_spec *unit)
{
    return unit->slot_names[SLOT_BLUE][0] != 0;
}

static bool has_slots(const struct unit_spec *unit)
{
    return has_slot_ports(unit) || has_slot_names(unit);
}

static int check_slots(const struct entry_place *place, const struct unit_spec *unit,
                       struct err *err)
{
    if (!has_slots(unit))
        return 0;
    if (!unit->port)
        return entry_refuse(place, err,
                            "has slots without a port: port is the one on which the program in the "
                            "container listens");
    if (has_slot_names(unit) && !unit->network[0])
        return entry_refuse(place, err,
                            "has names as slots without a network: network is the one in which the "
                            "containers get these names");
    for (unsigned slot = 0; has_slot_names(unit) && slot < SLOT_COUNT; slot++)
        if (!is_name(unit->slot_names[slot], "_.-", sizeof unit->slot_names[0] - 1))
            return entry_refuse(place, err, "has a slot whose name \"%s\" is not a host name",
                                unit->slot_names[slot]);
    if (unit->order == ORDER_START_FIRST &&
        unit->slot_ports[SLOT_BLUE] == unit->slot_ports[SLOT_GREEN] &&
        strcmp(unit->slot_names[SLOT_BLUE], unit->slot_names[SLOT_GREEN]) == 0)
        return entry_refuse(
            place, err,
            "has one slot only: start-first runs two containers at the same time, so "
            "it needs two different slots");
    return 0;
}

/* ---- health ---- */

static int check_gate(const struct entry_place *place, const struct unit_spec *unit,
                      struct err *err)
{
    const struct gate_spec *gate = &unit->health;

    if (gate->http[0] && gate->http[0] != '/')
        return entry_refuse(place, err,
                            "has health.http \"%.100s\": it must be a path that begins with /",
                            gate->http);
    if (strpbrk(gate->http, " \t\r\n") || strpbrk(gate->host, " \t\r\n/"))
        return entry_refuse(place, err,
                            "has white space in health.http or health.host, or a / in "
                            "health.host");
    if (!gate->http[0] && (gate->host[0] || gate->https || gate->status))
        return entry_refuse(place, err, "has health.%s without health.http",
                            gate->host[0] ? "host"
                            : gate->https ? "https"
                                          : "status");
    if ((gate->http[0] || gate->tcp) && !unit->port)
        return entry_refuse(place, err, "has health.%s without a port",
                            gate->http[0] ? "http" : "tcp");
    if (gate->uptime > gate->within)
        return entry_refuse(place, err,
                            "has health.uptime above health.within: it could never pass");
    return 0;
}

/* ---- traffic ---- */

/* Refuses keys of another driver than the one that is configured. */
static int check_strange_keys(const struct entry_place *place, const struct traffic_spec *traffic,
                              struct err *err)
{
    const struct {
        const char *name;
        bool set;
        enum traffic_kind kind;
    } keys[] = {
        {"backend", traffic->backend[0], TRAFFIC_HAPROXY},
        {"servers", traffic->servers[0][0], TRAFFIC_HAPROXY},
        {"id", traffic->id[0], TRAFFIC_CADDY},
        {"line", traffic->line[0], TRAFFIC_FILE},
        {"check", traffic->check, TRAFFIC_FILE},
        {"reload", traffic->reload, TRAFFIC_FILE},
        {"pid_file", traffic->pid_file[0], TRAFFIC_FILE},
        {"settle", traffic->settle, TRAFFIC_FILE},
    };
    static const char *const names[] = {"", "haproxy", "caddy", "file", "command"};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].set && keys[i].kind != traffic->kind)
            return entry_refuse(place, err, "has traffic.%s without traffic.%s", keys[i].name,
                                names[keys[i].kind]);
    return 0;
}

static int find_kind(const struct entry_place *place, struct traffic_spec *traffic, struct err *err)
{
    const bool set[] = {[TRAFFIC_HAPROXY] = traffic->haproxy[0],
                        [TRAFFIC_CADDY] = traffic->caddy[0],
                        [TRAFFIC_FILE] = traffic->file[0],
                        [TRAFFIC_COMMAND] = traffic->command};
    unsigned count = 0;

    for (unsigned kind = TRAFFIC_HAPROXY; kind <= TRAFFIC_COMMAND; kind++) {
        if (set[kind])
            traffic->kind = (enum traffic_kind)kind;
        count += set[kind];
    }
    if (count > 1)
        return entry_refuse(
            place, err,
            "has more than one of traffic.haproxy, .caddy, .file, and .command: choose "
            "one");
    return check_strange_keys(place, traffic, err);
}

static bool is_caddy_address(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0 ||
           strncmp(text, "unix//", 6) == 0;
}

/* Adds the defaults of the driver, and checks that it has what it needs. */
static int complete_traffic(const struct entry_place *place, struct traffic_spec *traffic,
                            struct err *err)
{
    switch (traffic->kind) {
    case TRAFFIC_HAPROXY:
        if (!traffic->backend[0])
            return entry_refuse(place, err, "has traffic.haproxy without traffic.backend");
        if (!traffic->servers[SLOT_BLUE][0]) {
            str_copy(traffic->servers[SLOT_BLUE], sizeof traffic->servers[0], "blue");
            str_copy(traffic->servers[SLOT_GREEN], sizeof traffic->servers[0], "green");
        }
        return 0;
    case TRAFFIC_CADDY:
        if (!is_caddy_address(traffic->caddy))
            return entry_refuse(place, err,
                                "has traffic.caddy \"%.100s\": it must be the URL of the admin API "
                                "(http://127.0.0.1:2019) or unix//PATH",
                                traffic->caddy);
        if (!traffic->id[0])
            return entry_refuse(place, err, "has traffic.caddy without traffic.id");
        return 0;
    case TRAFFIC_FILE:
        if (!traffic->line[0])
            str_copy(traffic->line, sizeof traffic->line, "server {target};\n");
        if (!strstr(traffic->line, "{target}"))
            return entry_refuse(place, err,
                                "has traffic.line without {target}: it is replaced by "
                                "the address of the container");
        return 0;
    case TRAFFIC_COMMAND:
    case TRAFFIC_ABSENT:
        break;
    }
    return 0;
}

static int check_traffic(const struct entry_place *place, struct unit_spec *unit, struct err *err)
{
    struct traffic_spec *traffic = &unit->traffic;

    if (find_kind(place, traffic, err) || complete_traffic(place, traffic, err))
        return ERR_FAIL;
    if (traffic->kind != TRAFFIC_ABSENT && traffic->kind != TRAFFIC_COMMAND && !has_slots(unit))
        return entry_refuse(place, err,
                            "has traffic without slots: the proxy needs two fixed "
                            "addresses");
    return 0;
}

/* ---- the unit ---- */

int unit_check(const struct entry_place *place, const char *app, const char *env,
               struct unit_spec *unit, struct text *warnings, struct err *err)
{
    if (!unit->container[0])
        return entry_refuse(place, err,
                            "has no container: the file with the settings of the "
                            "container");
    if (check_name(place, app, env, unit, err) || check_slots(place, unit, err) ||
        check_gate(place, unit, err) || check_traffic(place, unit, err))
        return ERR_FAIL;
    if (warnings && unit->order == ORDER_START_FIRST && unit->port && !has_slots(unit))
        text_printf(warnings, "%s has a port without slots: no proxy can send requests to it\n",
                    place->path);
    return 0;
}
