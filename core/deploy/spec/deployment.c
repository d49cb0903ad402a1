/*
 * An entry without `units` is read as one object with the keys of the entry and of its only unit.
 * With `units`, the shared keys of a unit beside it are read first and copied into each unit.
 */
#include "deploy/spec/deployment.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "deploy/spec/entry_keys.h"
#include "deploy/spec/unit.h"
#include "deploy/spec/verify_url.h"

#define OBSERVE_NS (10 * NS_PER_S)
#define DAY_NS     (INT64_C(86400) * NS_PER_S)

/* ---- the keys of an entry ---- */

static int read_platform(const struct entry_place *place, struct json_node value, void *out,
                         struct err *err)
{
    char text[PLATFORM_TEXT_SIZE];

    if (entry_text(place, value, text, sizeof text, err))
        return ERR_FAIL;
    return platform_parse(text, out)
               ? 0
               : entry_refuse(place, err, "must be OS/ARCH, such as \"linux/arm64\"");
}

static int read_prune(const struct entry_place *place, struct json_node value, void *out,
                      struct err *err)
{
    bool *dangling = out;

    if (!json_string_equals(value, "dangling"))
        return entry_refuse(place, err, "must be \"dangling\"");
    *dangling = true;
    return 0;
}

static int read_url(const struct entry_place *place, struct json_node value, void *out,
                    struct err *err)
{
    struct verify_url url;
    const char *fault;

    if (entry_text(place, value, out, sizeof((struct deployment *)0)->verify, err))
        return ERR_FAIL;
    fault = verify_url_read(out, &url);
    return fault ? entry_refuse(place, err, "%s", fault) : 0;
}

/* The caller reads `units` after all other keys. */
static int skip_value(const struct entry_place *place, struct json_node value, void *out,
                      struct err *err)
{
    (void)place, (void)value, (void)out, (void)err;
    return 0;
}

static int refuse_beside_units(const struct entry_place *place, struct json_node value, void *out,
                               struct err *err)
{
    (void)value, (void)out;
    return entry_refuse(place, err, "belongs into one of the units");
}

static const struct entry_key own_keys[] = {
    {"profile", ENTRY_TEXT, ENTRY_FIELD(struct deployment, profile)},
    {"platform", ENTRY_OWN, ENTRY_FIELD(struct deployment, platform), .read = read_platform},
    {"observe", ENTRY_TIME, ENTRY_FIELD(struct deployment, observe), .max = DAY_NS},
    {"verify", ENTRY_OWN, ENTRY_FIELD(struct deployment, verify), .read = read_url},
    {"before_switch", ENTRY_ARGV, ENTRY_FIELD(struct deployment, before_switch)},
    {"after", ENTRY_ARGV, ENTRY_FIELD(struct deployment, after)},
    {"prune", ENTRY_OWN, ENTRY_FIELD(struct deployment, prune_dangling), .read = read_prune},
    {"units", ENTRY_OWN, .read = skip_value},
};

/* Reads the keys of the entry, and those of a unit into units[0]. */
static int read_keys(const struct entry_place *place, struct json_node entry, bool has_units,
                     struct deployment *out, struct err *err)
{
    struct entry_key keys[ARRAY_SIZE(own_keys) + UNIT_KEYS];

    memcpy(keys, own_keys, sizeof own_keys);
    for (size_t i = 0; i < UNIT_KEYS; i++) {
        struct entry_key *key = &keys[ARRAY_SIZE(own_keys) + i];

        *key = unit_keys[i];
        key->offset += offsetof(struct deployment, units);
        if (has_units && i >= UNIT_SHARED_KEYS) {
            key->kind = ENTRY_OWN;
            key->read = refuse_beside_units;
        }
    }
    return entry_keys_read(place, entry, keys, ARRAY_SIZE(keys), out, err);
}

/* ---- units ---- */

static bool is_unit_name(const char *text)
{
    static const char inside[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

    return *text && *text != '-' && *text != '_' && !text[strspn(text, inside)];
}

static int read_unit(const struct entry_place *place, struct json_node name, struct json_node value,
                     struct deployment *out, struct err *err)
{
    struct unit_spec *unit = &out->units[out->unit_count];
    struct entry_place below;

    if (!json_string(name, unit->unit, sizeof unit->unit) || !is_unit_name(unit->unit))
        return entry_refuse(place, err, "has a unit whose name is not made of a-z, 0-9, - and _");
    if (deployment_unit(out, unit->unit))
        return entry_refuse(place, err, "has the unit %s twice", unit->unit);
    out->unit_count++;
    entry_place_below(place, unit->unit, &below);
    return entry_keys_read(&below, value, unit_keys, UNIT_KEYS, unit, err);
}

/* Reads `units`. units[0] has the shared values; it owns nothing. */
static int read_units(const struct entry_place *entry, struct json_node units,
                      struct deployment *out, struct err *err)
{
    struct json_node name, value = {0};
    struct entry_place place;

    entry_place_below(entry, "units", &place);
    if (json_kind(units) != JSON_OBJECT || json_count(units) == 0 ||
        json_count(units) > DEPLOY_UNITS_MAX)
        return entry_refuse(&place, err, "must be an object with 1 to %d units", DEPLOY_UNITS_MAX);
    for (unsigned i = 1; i < DEPLOY_UNITS_MAX; i++)
        out->units[i] = out->units[0];
    while ((value = json_next(units, value, &name)).doc)
        if (read_unit(&place, name, value, out, err))
            return ERR_FAIL;
    return 0;
}

/* ---- units together ---- */

static bool share_port(const struct unit_spec *a, const struct unit_spec *b)
{
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        for (unsigned j = 0; j < SLOT_COUNT; j++)
            if (a->slot_ports[i] && a->slot_ports[i] == b->slot_ports[j])
                return true;
    return false;
}

static bool share_alias(const struct unit_spec *a, const struct unit_spec *b)
{
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        for (unsigned j = 0; j < SLOT_COUNT; j++)
            if (a->slot_names[i][0] && strcmp(a->slot_names[i], b->slot_names[j]) == 0 &&
                strcmp(a->network, b->network) == 0)
                return true;
    return false;
}

/* Returns what two units share and must not share, or NULL. */
static const char *shared_value(const struct unit_spec *a, const struct unit_spec *b)
{
    if (strcmp(a->name, b->name) == 0)
        return "the container name";
    if (share_port(a, b) || share_alias(a, b))
        return "a slot";
    return NULL;
}

static int check_pairs(const struct entry_place *place, const struct deployment *deployment,
                       struct err *err)
{
    for (unsigned i = 0; i < deployment->unit_count; i++)
        for (unsigned j = i + 1; j < deployment->unit_count; j++) {
            const struct unit_spec *a = &deployment->units[i], *b = &deployment->units[j];
            const char *shared = shared_value(a, b);

            if (shared)
                return entry_refuse(place, err, "has the units %s and %s with the same %s", a->unit,
                                    b->unit, shared + strcspn(shared, " ") + 1);
        }
    return 0;
}

static int check_units(const struct entry_place *place, bool has_units, struct deployment *out,
                       struct text *warnings, struct err *err)
{
    for (unsigned i = 0; i < out->unit_count; i++) {
        struct entry_place below = *place;

        if (has_units) {
            entry_place_below(place, "units", &below);
            entry_place_below(&below, out->units[i].unit, &below);
        }
        if (unit_check(&below, out->app, out->env, &out->units[i], warnings, err))
            return ERR_FAIL;
    }
    return check_pairs(place, out, err);
}

/* ---- entries together ---- */

static bool uses_port(const struct deployment *deployment, int64_t port)
{
    for (unsigned i = 0; i < deployment->unit_count; i++)
        for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
            if (port > 0 && deployment->units[i].slot_ports[slot] == port)
                return true;
    return false;
}

/* Returns a port of `slots` that the deployment uses, too, or 0. Slots that are no ports are
 * skipped: the other entry need not be valid. */
static int64_t shared_port(const struct deployment *deployment, struct json_node slots)
{
    int64_t port;

    for (struct json_node at = json_first(slots); at.doc; at = json_next(slots, at, NULL))
        if (json_int(at, &port) && uses_port(deployment, port))
            return port;
    return 0;
}

/* The same for all units of an entry. */
static int64_t shared_with(const struct deployment *deployment, struct json_node entry)
{
    struct json_node units = json_get(entry, "units"), unit = {0}, name;
    int64_t port = shared_port(deployment, json_get(entry, "slots"));

    while (!port && (unit = json_next(units, unit, &name)).doc)
        port = shared_port(deployment, json_get(unit, "slots"));
    return port;
}

/* One host has all entries of a file. A proxy would give requests of one to the other. */
static int check_entries(const struct entry_place *place, struct json_node apps,
                         const struct deployment *out, struct err *err)
{
    struct json_node app_name, env_name, app = {0};

    while ((app = json_next(apps, app, &app_name)).doc) {
        struct json_node entry = {0};

        while ((entry = json_next(app, entry, &env_name)).doc) {
            char other_app[NAME_APP_MAX], other_env[NAME_ENV_MAX];
            int64_t port = shared_with(out, entry);

            if (!port || !json_string(app_name, other_app, sizeof other_app) ||
                !json_string(env_name, other_env, sizeof other_env) ||
                (strcmp(other_app, out->app) == 0 && strcmp(other_env, out->env) == 0))
                continue;
            return entry_refuse(place, err, "has a slot with the port %lld, as deploy.%s.%s has",
                                (long long)port, other_app, other_env);
        }
    }
    return 0;
}

/* ---- entries ---- */

static int read_entry(const struct entry_place *place, struct json_node entry,
                      struct deployment *out, struct text *warnings, struct err *err)
{
    struct json_node units = json_get(entry, "units");
    bool has_units = json_present(units);

    if (read_keys(place, entry, has_units, out, err))
        return ERR_FAIL;
    if (has_units && read_units(place, units, out, err))
        return ERR_FAIL;
    if (!has_units) {
        str_copy(out->units[0].unit, sizeof out->units[0].unit, DEPLOY_UNIT_MAIN);
        out->unit_count = 1;
    }
    return check_units(place, has_units, out, warnings, err);
}

int deployment_read(struct json_node root, const char *file, const char *app, const char *env,
                    struct deployment *out, struct text *warnings, struct err *err)
{
    struct json_node entry = json_get_exact(json_get_exact(json_get(root, "deploy"), app), env);
    struct entry_place place = {.file = file};

    memset(out, 0, sizeof *out);
    unit_init(&out->units[0]);
    out->observe = OBSERVE_NS;
    if (!json_present(entry))
        return DEPLOYMENT_ABSENT;
    snprintf(place.path, sizeof place.path, "deploy.%.127s.%.64s", app, env);
    if (name_check_app(app, err) || name_check_env(env, err))
        return ERR_FAIL;
    if (!str_copy(out->app, sizeof out->app, app) || !str_copy(out->env, sizeof out->env, env) ||
        !str_copy(out->file, sizeof out->file, file))
        return entry_refuse(&place, err, "has a name that is too long");
    if (read_entry(&place, entry, out, warnings, err))
        return ERR_FAIL;
    return check_entries(&place, json_get(root, "deploy"), out, err);
}

void deployment_finish(struct deployment *deployment)
{
    entry_argv_free(&deployment->before_switch);
    entry_argv_free(&deployment->after);
    for (unsigned i = 0; i < DEPLOY_UNITS_MAX; i++)
        unit_finish(&deployment->units[i]);
}

bool deployment_name(struct json_node root, unsigned n, char app[NAME_APP_MAX],
                     char env[NAME_ENV_MAX])
{
    struct json_node apps = json_get(root, "deploy"), app_name, at = {0};

    while ((at = json_next(apps, at, &app_name)).doc) {
        struct json_node env_name, entry = {0};

        while ((entry = json_next(at, entry, &env_name)).doc)
            if (json_present(entry) && json_string(app_name, app, NAME_APP_MAX) &&
                json_string(env_name, env, NAME_ENV_MAX) && n-- == 0)
                return true;
    }
    return false;
}

const struct unit_spec *deployment_unit(const struct deployment *deployment, const char *unit)
{
    for (unsigned i = 0; i < deployment->unit_count; i++)
        if (strcmp(deployment->units[i].unit, unit) == 0)
            return &deployment->units[i];
    return NULL;
}
