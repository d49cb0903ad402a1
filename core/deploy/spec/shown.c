/*
 * A walk over the members of the spec. The members of the root are those of Config in the inspect;
 * HostConfig is HostConfig; the endpoints are in NetworkSettings.Networks.
 */
#include "deploy/spec/shown.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json_copy.h"
#include "base/nearest.h"
#include "deploy/spec/same.h"
#include "deploy/spec/shown_forms.h"
#include "deploy/spec/spec_networks.h"
#include "docker/container.h"

#define PATH_SIZE  256
#define NAME_SIZE  128
#define VALUE_SIZE 80 /* of a value in a message */

struct walk {
    const struct container_spec *spec;
    struct json_node root; /* of the inspect */
    bool podman;
    struct text *warnings;
    struct err *err;
};

bool shown_by_podman(const struct docker_container *container)
{
    struct json_node root = json_root(container->document);
    struct json_node env = json_get(json_get(root, "Config"), "Env");

    if (json_string_equals(json_get(json_get(root, "HostConfig"), "Runtime"), "oci"))
        return true;
    for (struct json_node at = json_first(env); at.doc; at = json_next(env, at, NULL))
        if (json_string_equals(at, "container=podman"))
            return true;
    return false;
}

static struct json_node config_of(const struct walk *walk)
{
    return json_get(walk->root, "Config");
}

static struct json_node host_config_of(const struct walk *walk)
{
    return json_get(walk->root, "HostConfig");
}

/* ---- messages ---- */

static const char *file_of(const struct walk *walk)
{
    return walk->spec->unit->container;
}

static void warn(const struct walk *walk, const char *path, const char *what)
{
    if (walk->warnings)
        text_printf(walk->warnings, "%s of %s %s\n", path, file_of(walk), what);
}

static void try_name(void *arg, const char *name)
{
    nearest_try(arg, name);
}

/* Finds the most similar member of a group. */
static bool find_nearest(const char *group, struct json_node members, const char *name,
                         char out[NAME_SIZE])
{
    struct json_node member, at = {0};
    struct nearest nearest;
    char text[NAME_SIZE];
    bool found = false;

    out[0] = 0;
    nearest_init(&nearest, name);
    while ((at = json_next(members, at, &member)).doc) {
        if (!json_string(member, text, sizeof text))
            continue;
        nearest_try(&nearest, text);
        if (nearest.best == text) {
            str_copy(out, NAME_SIZE, text);
            nearest.best = out;
        }
    }
    shown_optional(group, try_name, &nearest);
    found = nearest_found(&nearest) != NULL;
    if (found && nearest_found(&nearest) != out)
        str_copy(out, NAME_SIZE, nearest_found(&nearest));
    return found;
}

static void match_name(void *arg, const char *name)
{
    struct nearest *wanted = arg;

    if (strcmp(wanted->word, name) == 0)
        wanted->best = name;
}

static bool is_optional(const char *group, const char *name)
{
    struct nearest wanted = {.word = name};

    shown_optional(group, match_name, &wanted);
    return wanted.best != NULL;
}

/* Formats a value for a message: on one line, and cut. */
static const char *format_value(struct json_node value, char out[VALUE_SIZE])
{
    _cleanup_text_ struct text text = {0};
    struct json_writer w;

    text_init_secret(&text, MIB);
    jw_init(&w, &text, true);
    json_copy(&w, NULL, value);
    snprintf(out, VALUE_SIZE, "%s", json_present(value) && text.size ? text.data : "nothing");
    if (text.size >= VALUE_SIZE)
        memcpy(out + VALUE_SIZE - 4, "...", 4);
    return out;
}

/* Reports a member that the inspect has with another value. */
static int report_value(const struct walk *walk, const char *path, struct json_node spec,
                        struct json_node inspect)
{
    char wanted[VALUE_SIZE], made[VALUE_SIZE];

    if (shown_may_differ(path)) {
        warn(walk, path, "has another value in the container: the kernel or the daemon limits it");
        return 0;
    }
    if (walk->podman) {
        warn(walk, path, "could not be checked: Podman shows it in another form, or not at all");
        return 0;
    }
    err_set(walk->err, ERR_USAGE, "judge", "the daemon did not take %s of %s: %s became %s", path,
            file_of(walk), format_value(spec, wanted), format_value(inspect, made));
    return err_hint(walk->err, "change or remove %s: a newer daemon or kernel may support it",
                    path);
}

/* Reports a member that the inspect does not have. */
static int report_missing(const struct walk *walk, const char *group, const char *path,
                          const char *name)
{
    const char *file = file_of(walk);
    bool host = strcmp(group, "HostConfig") == 0;
    struct json_node members = host ? host_config_of(walk) : config_of(walk);
    char similar[NAME_SIZE];

    if (shown_may_differ(path) || (walk->podman && is_optional(group, name))) {
        warn(walk, path, "is not shown by the daemon");
        return 0;
    }
    err_hint(walk->err, "correct the name in %s, or remove it", file);
    if (!*group && json_kind(json_get(host_config_of(walk), name)) != JSON_ABSENT)
        err_set(walk->err, ERR_USAGE, "judge",
                "the daemon ignores %s of %s: it belongs into HostConfig", path, file);
    else if (host && json_kind(json_get(config_of(walk), name)) != JSON_ABSENT)
        err_set(walk->err, ERR_USAGE, "judge",
                "the daemon ignores %s of %s: it belongs to the top level", path, file);
    else if (is_optional(group, name))
        err_set(walk->err, ERR_USAGE, "judge", "the daemon does not take %s of %s", path, file);
    else if (find_nearest(group, host || !*group ? members : (struct json_node){0}, name, similar))
        err_set(walk->err, ERR_USAGE, "judge", "the daemon ignores %s of %s (did you mean %s?)",
                path, file, similar);
    else
        err_set(walk->err, ERR_USAGE, "judge", "the daemon ignores %s of %s", path, file);
    return err_hint(walk->err, "correct the name in %s, or remove it", file);
}

/* ---- members ---- */

static bool is_one_of(struct json_node name, const char *const *names)
{
    for (; names && *names; names++)
        if (json_names(name, *names))
            return true;
    return false;
}

static int check_members(const struct walk *walk, const char *group, struct json_node spec,
                         struct json_node inspect, const char *const *except);

/* Returns true if every element of `spec` is in `inspect`, in any order. */
static bool has_elements(struct json_node spec, struct json_node inspect)
{
    for (struct json_node at = json_first(spec); at.doc; at = json_next(spec, at, NULL))
        if (!same_listed(inspect, at))
            return false;
    return true;
}

static int check_value(const struct walk *walk, const char *path, struct json_node spec,
                       struct json_node inspect)
{
    shown_form *form = shown_form_of(path);
    bool shown;

    if (form)
        shown = form(spec, inspect, walk->root);
    else if (json_kind(spec) == JSON_OBJECT && json_kind(inspect) == JSON_OBJECT)
        return check_members(walk, path, spec, inspect, NULL);
    else if (json_kind(spec) == JSON_ARRAY && strncmp(path, "HostConfig.", 11) == 0)
        shown = has_elements(spec, inspect);
    else
        shown = same_value(spec, inspect);
    return shown ? 0 : report_value(walk, path, spec, inspect);
}

/* Checks the members of an object, but for those named in `except`. */
static int check_members(const struct walk *walk, const char *group, struct json_node spec,
                         struct json_node inspect, const char *const *except)
{
    struct json_node name, value = {0};

    while ((value = json_next(spec, value, &name)).doc) {
        char text[NAME_SIZE], path[PATH_SIZE];
        struct json_node made;
        int rc;

        if (same_empty(value) || is_one_of(name, except))
            continue;
        if (!json_string(name, text, sizeof text))
            str_copy(text, sizeof text, "a member with a long name");
        snprintf(path, sizeof path, "%.120s%s%.120s", group, *group ? "." : "", text);
        made = json_get(inspect, text);
        if (json_kind(made) == JSON_ABSENT && !shown_form_of(path))
            rc = report_missing(walk, group, path, text);
        else
            rc = check_value(walk, path, value, made);
        if (rc)
            return ERR_FAIL;
    }
    return 0;
}

/* ---- variables and labels ---- */

/* Returns true if the list has the variable; without "=", if it does not have the name. */
static bool shows_variable(struct json_node list, const char *variable)
{
    size_t size = strcspn(variable, "=");
    bool named = false, equal = false;

    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL)) {
        struct view raw = json_raw(at);

        equal = equal || json_string_equals(at, variable);
        named = named || (raw.size > size + 1 && memcmp(raw.data + 1, variable, size) == 0 &&
                          raw.data[size + 1] == '=');
    }
    return variable[size] ? equal : !named;
}

static int check_variables(const struct walk *walk)
{
    const struct text *env = &walk->spec->env;
    struct json_node list = json_get(config_of(walk), "Env");

    for (const char *at = env->data; at < env->data + env->size; at += strlen(at) + 1)
        if (!shows_variable(list, at))
            return err_set(walk->err, ERR_USAGE, "judge",
                           "the daemon did not take the variable %.*s of unit %s",
                           (int)strcspn(at, "="), at, walk->spec->unit->unit);
    return 0;
}

static int check_labels(const struct walk *walk)
{
    struct json_node labels = json_get(json_root(walk->spec->json), "Labels"), name, value = {0};
    struct json_node made = json_get(config_of(walk), "Labels");

    while ((value = json_next(labels, value, &name)).doc)
        if (!same_value(value, same_member(made, name)))
            return err_set(walk->err, ERR_USAGE, "judge",
                           "the daemon did not take the label %.*s of %s", (int)json_raw(name).size,
                           (const char *)json_raw(name).data, file_of(walk));
    return 0;
}

/* ---- networks ---- */

/* Returns true for the network of containers that have no other one. */
static bool is_default(const char *mode)
{
    return !*mode || strcmp(mode, "default") == 0 || strcmp(mode, "bridge") == 0;
}

/* Finds a network of the inspect by its name or id. */
static struct json_node find_network(const struct walk *walk, const char *wanted)
{
    struct json_node networks = json_get(json_get(walk->root, "NetworkSettings"), "Networks");
    struct json_node name, value = {0};

    while ((value = json_next(networks, value, &name)).doc)
        if (json_string_equals(name, wanted) ||
            json_string_equals(json_get(value, "NetworkID"), wanted))
            return value;
    return (struct json_node){0};
}

static int check_mode(const struct walk *walk, const char *wanted)
{
    char mode[SPEC_NETWORK_SIZE];

    if (!json_string(json_get(host_config_of(walk), "NetworkMode"), mode, sizeof mode))
        mode[0] = 0;
    if (strcmp(mode, wanted) == 0 || (is_default(mode) && is_default(wanted)))
        return 0;
    if (find_network(walk, wanted).doc) /* Podman shows "bridge" for every network */
        return 0;
    return err_set(walk->err, ERR_USAGE, "judge",
                   "the daemon did not take HostConfig.NetworkMode of %s: %s became %s",
                   file_of(walk), wanted, mode);
}

static int check_endpoint(const struct walk *walk, const struct spec_network *network)
{
    struct json_node made = find_network(walk, network->name), name, value = {0};

    if (!made.doc)
        return err_set(walk->err, ERR_USAGE, "judge",
                       "the container is not in the network %s of unit %s", network->name,
                       walk->spec->unit->unit);
    while ((value = json_next(network->endpoint, value, &name)).doc) {
        char text[NAME_SIZE], path[PATH_SIZE];
        struct json_node other;

        if (same_empty(value) || !json_string(name, text, sizeof text))
            continue;
        snprintf(path, sizeof path, "the network %.100s: %.100s", network->name, text);
        other = json_get(made, text);
        if (json_kind(other) == JSON_ABSENT)
            return report_missing(walk, "endpoint", path, text);
        if (json_kind(value) == JSON_ARRAY ? !has_elements(value, other)
                                           : !same_value(value, other)) {
            if (report_value(walk, path, value, other))
                return ERR_FAIL;
        }
    }
    return 0;
}

static int check_networks(const struct walk *walk)
{
    static const char *const known[] = {"EndpointsConfig", NULL};
    struct json_node group = json_get(json_root(walk->spec->json), "NetworkingConfig");
    struct spec_networks networks;

    if (spec_networks_find(json_root(walk->spec->json), walk->spec->unit, &networks, walk->err) ||
        check_members(walk, "NetworkingConfig", group, (struct json_node){0}, known) ||
        check_mode(walk, networks.mode))
        return ERR_FAIL;
    for (unsigned i = 0; i < networks.count; i++)
        if (check_endpoint(walk, &networks.networks[i]))
            return ERR_FAIL;
    return 0;
}

int shown_check(const struct container_spec *spec, const struct docker_container *candidate,
                struct text *warnings, struct err *err)
{
    static const char *const own[] = {"Env", "Labels", "HostConfig", "NetworkingConfig", NULL};
    static const char *const host_own[] = {"RestartPolicy", "NetworkMode", NULL};
    struct walk walk = {.spec = spec,
                        .root = json_root(candidate->document),
                        .podman = shown_by_podman(candidate),
                        .warnings = warnings,
                        .err = err};
    struct json_node file = json_root(spec->json);

    if (check_members(&walk, "", file, config_of(&walk), own) ||
        check_members(&walk, "HostConfig", json_get(file, "HostConfig"), host_config_of(&walk),
                      host_own) ||
        check_variables(&walk) || check_labels(&walk))
        return ERR_FAIL;
    return check_networks(&walk);
}
