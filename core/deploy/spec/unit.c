/*
 * The tables of the keys of a unit, of its gate and of its traffic.
 */
#include "deploy/spec/unit.h"

#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"

#define SECONDS(n) ((n)*NS_PER_S)
#define DAY        SECONDS(INT64_C(86400))

/* ---- health ---- */

static const struct entry_key gate_keys[] = {
    {"http", ENTRY_TEXT, ENTRY_FIELD(struct gate_spec, http)},
    {"host", ENTRY_TEXT, ENTRY_FIELD(struct gate_spec, host)},
    {"https", ENTRY_SWITCH, ENTRY_FIELD(struct gate_spec, https)},
    {"status", ENTRY_NUMBER, ENTRY_FIELD(struct gate_spec, status), .min = 100, .max = 599},
    {"tcp", ENTRY_SWITCH, ENTRY_FIELD(struct gate_spec, tcp)},
    {"exec", ENTRY_ARGV, ENTRY_FIELD(struct gate_spec, exec)},
    {"docker", ENTRY_SWITCH, ENTRY_FIELD(struct gate_spec, docker)},
    {"uptime", ENTRY_TIME, ENTRY_FIELD(struct gate_spec, uptime), .min = SECONDS(1), .max = DAY},
    {"within", ENTRY_TIME, ENTRY_FIELD(struct gate_spec, within), .min = SECONDS(1), .max = DAY},
};

static int read_gate(const struct entry_place *place, struct json_node value, void *out,
                     struct err *err)
{
    return entry_keys_read(place, value, gate_keys, ARRAY_SIZE(gate_keys), out, err);
}

/* ---- traffic ---- */

/* Reads the names of the two servers of HAProxy. */
static int read_servers(const struct entry_place *place, struct json_node value, void *out,
                        struct err *err)
{
    char(*servers)[sizeof(((struct traffic_spec *)0)->servers[0])] = out;
    struct json_node first = json_first(value), second = json_next(value, first, NULL);

    if (json_kind(value) != JSON_ARRAY || json_count(value) != SLOT_COUNT)
        return entry_refuse(place, err, "must be the names of two servers: [\"blue\", \"green\"]");
    if (entry_text(place, first, servers[SLOT_BLUE], sizeof servers[0], err) ||
        entry_text(place, second, servers[SLOT_GREEN], sizeof servers[0], err))
        return ERR_FAIL;
    if (strcmp(servers[SLOT_BLUE], servers[SLOT_GREEN]) == 0)
        return entry_refuse(place, err, "names the same server twice");
    return 0;
}

/* Reads the admin socket of HAProxy: a path, or HOST:PORT. */
static int read_socket(const struct entry_place *place, struct json_node value, void *out,
                       struct err *err)
{
    char text[PATH_MAX];

    if (entry_text(place, value, text, sizeof text, err))
        return ERR_FAIL;
    if (strchr(text, ':') && !strchr(text, '/'))
        return str_copy(out, PATH_MAX, text) ? 0 : entry_refuse(place, err, "is too long");
    return entry_resolve(place->file, text, out, PATH_MAX)
               ? 0
               : entry_refuse(place, err, "is too long");
}

static const struct entry_key traffic_keys[] = {
    {"haproxy", ENTRY_OWN, ENTRY_FIELD(struct traffic_spec, haproxy), .read = read_socket},
    {"backend", ENTRY_TEXT, ENTRY_FIELD(struct traffic_spec, backend)},
    {"servers", ENTRY_OWN, ENTRY_FIELD(struct traffic_spec, servers), .read = read_servers},
    {"caddy", ENTRY_TEXT, ENTRY_FIELD(struct traffic_spec, caddy)},
    {"id", ENTRY_TEXT, ENTRY_FIELD(struct traffic_spec, id)},
    {"file", ENTRY_PATH, ENTRY_FIELD(struct traffic_spec, file)},
    {"line", ENTRY_TEXT, ENTRY_FIELD(struct traffic_spec, line)},
    {"check", ENTRY_ARGV, ENTRY_FIELD(struct traffic_spec, check)},
    {"reload", ENTRY_ARGV, ENTRY_FIELD(struct traffic_spec, reload)},
    {"pid_file", ENTRY_PATH, ENTRY_FIELD(struct traffic_spec, pid_file)},
    {"settle", ENTRY_TIME, ENTRY_FIELD(struct traffic_spec, settle), .max = SECONDS(600)},
    {"command", ENTRY_ARGV, ENTRY_FIELD(struct traffic_spec, command)},
};

static int read_traffic(const struct entry_place *place, struct json_node value, void *out,
                        struct err *err)
{
    return entry_keys_read(place, value, traffic_keys, ARRAY_SIZE(traffic_keys), out, err);
}

/* ---- the unit ---- */

static int add_env_file(const struct entry_place *place, struct json_node value,
                        struct unit_spec *unit, struct err *err)
{
    char path[PATH_MAX];
    unsigned at = unit->env_file_count;

    if (at == DEPLOY_ENV_FILES_MAX)
        return entry_refuse(place, err, "has more than %d files", DEPLOY_ENV_FILES_MAX);
    if (entry_text(place, value, path, sizeof path, err))
        return ERR_FAIL;
    if (!entry_resolve(place->file, path, unit->env_files[at], sizeof unit->env_files[at]))
        return entry_refuse(place, err, "has a path that is too long");
    unit->env_file_count++;
    return 0;
}

/* Reads one path, or an array of paths. The files of a unit replace those beside `units`. */
static int read_env_files(const struct entry_place *place, struct json_node value, void *out,
                          struct err *err)
{
    struct unit_spec *unit = out;

    unit->env_file_count = 0;
    if (json_kind(value) == JSON_STRING)
        return add_env_file(place, value, unit, err);
    if (json_kind(value) != JSON_ARRAY)
        return entry_refuse(place, err, "must be a path, or an array of paths");
    for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL))
        if (add_env_file(place, at, unit, err))
            return ERR_FAIL;
    return 0;
}

static int read_order(const struct entry_place *place, struct json_node value, void *out,
                      struct err *err)
{
    enum deploy_order *order = out;

    if (json_string_equals(value, "start-first"))
        *order = ORDER_START_FIRST;
    else if (json_string_equals(value, "stop-first"))
        *order = ORDER_STOP_FIRST;
    else
        return entry_refuse(place, err, "must be \"start-first\" or \"stop-first\"");
    return 0;
}

/* Reads one slot: a port, or the name of an alias. */
static int read_slot(const struct entry_place *place, struct json_node value,
                     struct unit_spec *unit, unsigned slot, struct err *err)
{
    int64_t port;

    if (json_kind(value) == JSON_STRING)
        return entry_text(place, value, unit->slot_names[slot], sizeof unit->slot_names[slot], err);
    if (!json_int(value, &port) || port < 1 || port > UINT16_MAX)
        return entry_refuse(place, err,
                            "must be two ports of 127.0.0.1 ([18081, 18082]) or two names in a "
                            "network ([\"shop-blue\", \"shop-green\"])");
    unit->slot_ports[slot] = (uint16_t)port;
    return 0;
}

/* Reads the slots. A single one is both: unit_check refuses that where two containers run. */
static int read_slots(const struct entry_place *place, struct json_node value, void *out,
                      struct err *err)
{
    struct unit_spec *unit = out;
    struct json_node first = json_first(value), second = json_next(value, first, NULL);

    if (json_kind(value) != JSON_ARRAY || json_count(value) < 1 || json_count(value) > SLOT_COUNT)
        return entry_refuse(place, err, "must be an array of two ports or two names");
    memset(unit->slot_ports, 0, sizeof unit->slot_ports);
    memset(unit->slot_names, 0, sizeof unit->slot_names);
    if (read_slot(place, first, unit, SLOT_BLUE, err) ||
        read_slot(place, second.doc ? second : first, unit, SLOT_GREEN, err))
        return ERR_FAIL;
    if (!unit->slot_ports[SLOT_BLUE] != !unit->slot_ports[SLOT_GREEN])
        return entry_refuse(place, err, "must be two ports or two names, not one of each");
    return 0;
}

const struct entry_key unit_keys[UNIT_KEYS] = {
    {"env_file", ENTRY_OWN, .read = read_env_files},
    {"network", ENTRY_TEXT, ENTRY_FIELD(struct unit_spec, network)},
    {"drain", ENTRY_TIME, ENTRY_FIELD(struct unit_spec, drain), .max = DAY},
    {"stop", ENTRY_TIME, ENTRY_FIELD(struct unit_spec, stop), .max = DAY},
    {"keep", ENTRY_NUMBER, ENTRY_FIELD(struct unit_spec, keep), .min = 1, .max = 100},
    {"fresh_volumes", ENTRY_SWITCH, ENTRY_FIELD(struct unit_spec, fresh_volumes)},
    {"container", ENTRY_PATH, ENTRY_FIELD(struct unit_spec, container)},
    {"name", ENTRY_TEXT, ENTRY_FIELD(struct unit_spec, name)},
    {"order", ENTRY_OWN, ENTRY_FIELD(struct unit_spec, order), .read = read_order},
    {"port", ENTRY_NUMBER, ENTRY_FIELD(struct unit_spec, port), .min = 1, .max = UINT16_MAX},
    {"slots", ENTRY_OWN, .read = read_slots},
    {"health", ENTRY_OWN, ENTRY_FIELD(struct unit_spec, health), .read = read_gate},
    {"traffic", ENTRY_OWN, ENTRY_FIELD(struct unit_spec, traffic), .read = read_traffic},
};

void unit_init(struct unit_spec *unit)
{
    memset(unit, 0, sizeof *unit);
    unit->health.within = SECONDS(60);
    unit->drain = SECONDS(30);
    unit->stop = -1;
    unit->keep = 1;
}

void unit_finish(struct unit_spec *unit)
{
    entry_argv_free(&unit->health.exec);
    entry_argv_free(&unit->traffic.check);
    entry_argv_free(&unit->traffic.reload);
    entry_argv_free(&unit->traffic.command);
}
