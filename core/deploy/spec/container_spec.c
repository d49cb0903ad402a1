/*
 * Reads and checks the files of a unit. The daemon checks the values of the container file, and the
 * module judge what the daemon did not take; here only the members are checked that s3dock writes
 * itself.
 */
#include "deploy/spec/container_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/json5.h"
#include "base/owner.h"
#include "deploy/spec/canonical.h"
#include "deploy/spec/env_file.h"
#include "deploy/spec/spec_networks.h"

#define SPEC_FILE_MAX (1 * MIB)
#define SPEC_ENV_SIZE (2 * MIB)
#define WARNINGS_SIZE (16 * KIB)
#define OUR_LABELS    "dev.s3dock."
#define MEMBERS_MAX   4096 /* of an object: each is compared with all others */

static const struct json_limits LIMITS = {.bytes = SPEC_FILE_MAX, .depth = 32, .nodes = 65536};

static int refuse(const struct container_spec *spec, const char *what, struct err *err)
{
    return err_set(err, ERR_USAGE, "deploy", "the container file %s: %s", spec->unit->container,
                   what);
}

/* ---- the file ---- */

static void warn_readable(struct container_spec *spec, const char *path)
{
    struct stat st;

    if (!stat(path, &st) && (st.st_mode & S_IROTH) &&
        json_count(json_get(json_root(spec->json), "Env")))
        text_printf(&spec->warnings,
                    "other users can read the container file %s, which has values of variables: "
                    "chmod o-r it\n",
                    path);
}

/* Turns a failure of the readers into usage.deploy. */
static int refuse_text(const struct container_spec *spec, struct err *err)
{
    char what[sizeof err->text];

    if (err->family != ERR_USAGE && err->family != ERR_INTEGRITY)
        return ERR_FAIL;
    str_copy(what, sizeof what, err->text);
    return refuse(spec, what, err);
}

static int parse_file(struct container_spec *spec, struct view json5, struct err *err)
{
    _cleanup_text_ struct text json = {0};

    text_init_secret(&json, 2 * SPEC_FILE_MAX);
    if (json5_to_json(json5, &json, err) ||
        json_parse(&spec->json, text_view(&json), &LIMITS, "the text", err))
        return refuse_text(spec, err);
    return 0;
}

/* ---- the members ---- */

/* Refuses two members of one name: the Engine would mix their values. */
static int check_unique(const struct container_spec *spec, struct json_node object, struct err *err)
{
    struct json_node name, value = {0};
    char text[SPEC_NETWORK_SIZE], what[SPEC_NETWORK_SIZE + 32];

    if (json_count(object) > MEMBERS_MAX)
        return refuse(spec, "an object has more than 4096 members", err);
    while ((value = json_next(object, value, &name)).doc) {
        if (!json_string(name, text, sizeof text))
            return refuse(spec, "a member has a name that is too long", err);
        if (json_get(object, text).at == value.at || !json_present(value))
            continue;
        snprintf(what, sizeof what, "%s is repeated", text);
        return refuse(spec, what, err);
    }
    return 0;
}

/* Checks that a member is an object, if it is there. */
static int check_group(const struct container_spec *spec, struct json_node parent, const char *name,
                       struct err *err)
{
    struct json_node group = json_get(parent, name);
    char what[64];

    if (!json_present(group))
        return 0;
    if (json_kind(group) == JSON_OBJECT)
        return strcmp(name, "Labels") ? check_unique(spec, group, err) : 0;
    snprintf(what, sizeof what, "%s must be an object", name);
    return refuse(spec, what, err);
}

static int check_labels(const struct container_spec *spec, struct err *err)
{
    struct json_node labels = json_get(json_root(spec->json), "Labels"), name, value = {0};

    while ((value = json_next(labels, value, &name)).doc) {
        _cleanup_text_ struct text text = {0};

        text_init(&text, SPEC_FILE_MAX);
        if (!json_string_text(name, &text) || json_kind(value) != JSON_STRING)
            return refuse(spec, "Labels must be an object of texts", err);
        if (strncmp(text.data, OUR_LABELS, strlen(OUR_LABELS)) == 0)
            return refuse(spec, "labels that begin with " OUR_LABELS " are written by s3dock", err);
    }
    return 0;
}

static int check_members(const struct container_spec *spec, struct err *err)
{
    static const char *const groups[] = {"HostConfig", "NetworkingConfig", "Labels",
                                         "ExposedPorts"};
    struct json_node root = json_root(spec->json), host = json_get(root, "HostConfig");

    if (json_kind(root) != JSON_OBJECT)
        return refuse(spec, "it must be an object: { ... }", err);
    if (check_unique(spec, root, err))
        return ERR_FAIL;
    if (json_present(json_get(root, "Image")))
        return refuse(spec, "Image must be left out: the environment decides about the image", err);
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
        if (check_group(spec, root, groups[i], err))
            return ERR_FAIL;
    if (check_group(spec, host, "RestartPolicy", err) ||
        check_group(spec, host, "PortBindings", err) ||
        check_group(spec, json_get(root, "NetworkingConfig"), "EndpointsConfig", err))
        return ERR_FAIL;
    return check_labels(spec, err);
}

static int read_restart(struct container_spec *spec, struct err *err)
{
    static const char *const known[] = {"no", "always", "unless-stopped", "on-failure"};
    struct json_node policy =
        json_get(json_get(json_root(spec->json), "HostConfig"), "RestartPolicy");
    struct json_node name = json_get(policy, "Name");

    str_copy(spec->restart, sizeof spec->restart, "unless-stopped");
    if (json_present(name) && !json_string_equals(name, "") &&
        !json_string(name, spec->restart, sizeof spec->restart))
        spec->restart[0] = 0;
    if (!json_int(json_get(policy, "MaximumRetryCount"), &spec->restart_retries) ||
        spec->restart_retries < 0)
        spec->restart_retries = 0;
    if (strcmp(spec->restart, "no") == 0)
        text_printf(&spec->warnings,
                    "HostConfig.RestartPolicy in %s is \"no\": after a restart of the host the "
                    "container does not come back\n",
                    spec->unit->container);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(spec->restart, known[i]) == 0)
            return 0;
    return refuse(spec,
                  "HostConfig.RestartPolicy.Name must be no, always, unless-stopped or on-failure",
                  err);
}

/* ---- variables ---- */

static int add_file_variables(const struct container_spec *spec, struct text *out, struct err *err)
{
    struct json_node list = json_get(json_root(spec->json), "Env");

    if (json_present(list) && json_kind(list) != JSON_ARRAY)
        return refuse(spec, "Env must be an array of texts: [\"NAME=VALUE\"]", err);
    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL)) {
        size_t before = out->size;

        if (!json_string_text(at, out) || out->size == before || out->data[before] == '=')
            return refuse(spec, "Env must be an array of texts: [\"NAME=VALUE\"]", err);
        text_char(out, 0);
    }
    return text_check(out, "the variables", err);
}

static bool same_name(const char *a, const char *b)
{
    size_t size = strcspn(a, "=");

    return size == strcspn(b, "=") && memcmp(a, b, size) == 0;
}

/* Adds the last variable of each name to spec->env, in the order of `all`. */
static int merge_variables(struct container_spec *spec, const struct text *all, struct err *err)
{
    const char **list = calloc(SPEC_ENV_MAX, sizeof *list);
    const char *end = all->data + all->size;
    size_t count = 0;

    if (!list)
        return err_memory(err, "the variables");
    for (const char *at = all->data; at < end && count < SPEC_ENV_MAX; at += strlen(at) + 1)
        list[count++] = at;
    for (size_t i = 0; i < count; i++) {
        size_t later = i + 1;

        while (later < count && !same_name(list[i], list[later]))
            later++;
        if (later == count)
            text_add(&spec->env, list[i], strlen(list[i]) + 1);
    }
    free(list);
    if (count == SPEC_ENV_MAX)
        return err_set(err, ERR_USAGE, "deploy", "the unit %s has %d variables or more",
                       spec->unit->unit, SPEC_ENV_MAX);
    return text_check(&spec->env, "the variables", err);
}

static int read_variables(struct container_spec *spec, struct view variables, struct err *err)
{
    _cleanup_text_ struct text all = {0};

    text_init_secret(&all, SPEC_ENV_SIZE);
    text_add(&all, variables.data, variables.size);
    if (add_file_variables(spec, &all, err))
        return ERR_FAIL;
    return merge_variables(spec, &all, err);
}

/* ---- the hash ---- */

/* Computes the digest of all that makes a container, but for its slot and its image. The number in
 * the first line changes if the same files make another container. */
static int compute_hash(struct container_spec *spec, struct err *err)
{
    const struct unit_spec *unit = spec->unit;
    _cleanup_text_ struct text all = {0};
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];

    if (canonical_digest(json_root(spec->json), digest, err))
        return ERR_FAIL;
    hex_encode(digest, sizeof digest, hex);
    text_init_secret(&all, SPEC_ENV_SIZE + 8 * KIB);
    text_printf(&all, "container 1\n%s\n%u\n%u %u\n%s\n%s\n%s\n", hex, unit->port,
                unit->slot_ports[SLOT_BLUE], unit->slot_ports[SLOT_GREEN],
                unit->slot_names[SLOT_BLUE], unit->slot_names[SLOT_GREEN], unit->network);
    text_add(&all, spec->env.data, spec->env.size);
    if (text_check(&all, "the settings of a container", err))
        return ERR_FAIL;
    sha256_of(text_view(&all), digest);
    hex_encode(digest, sizeof digest, spec->hash);
    return 0;
}

/* ---- all of it ---- */

static void init(const struct unit_spec *unit, struct container_spec *out)
{
    memset(out, 0, sizeof *out);
    out->unit = unit;
    text_init_secret(&out->env, SPEC_ENV_SIZE);
    text_init(&out->warnings, WARNINGS_SIZE);
}

static int parse(struct container_spec *spec, struct view json5, struct view variables,
                 struct err *err)
{
    struct spec_networks networks;

    if (parse_file(spec, json5, err) || check_members(spec, err) || read_restart(spec, err) ||
        read_variables(spec, variables, err) ||
        spec_networks_find(json_root(spec->json), spec->unit, &networks, err))
        return ERR_FAIL;
    return compute_hash(spec, err);
}

int container_spec_parse(const struct unit_spec *unit, struct view json5, struct view variables,
                         struct container_spec *out, struct err *err)
{
    init(unit, out);
    return parse(out, json5, variables, err);
}

static int read_file(const struct unit_spec *unit, struct text *out, struct err *err)
{
    char real[PATH_MAX];
    int answer = owner_read(unit->container, out, real, err);

    if (answer == OWNER_ABSENT) {
        err_set(err, ERR_USAGE, "deploy", "there is no container file %s", unit->container);
        return err_hint(err, "write the file, {} is enough for a start, or correct the key "
                             "\"container\"; docs/deploy.md explains the file");
    }
    return answer < 0 ? err_wrap(err, "the container file") : 0;
}

int container_spec_load(const struct unit_spec *unit, struct container_spec *out, struct err *err)
{
    _cleanup_text_ struct text content = {0}, variables = {0};

    init(unit, out);
    text_init_secret(&content, SPEC_FILE_MAX);
    text_init_secret(&variables, SPEC_ENV_SIZE);
    if (read_file(unit, &content, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < unit->env_file_count; i++)
        if (env_file_read(unit->env_files[i], &variables, &out->warnings, err))
            return ERR_FAIL;
    if (parse(out, text_view(&content), text_view(&variables), err))
        return ERR_FAIL;
    warn_readable(out, unit->container);
    env_file_redact(text_view(&out->env));
    return 0;
}

void container_spec_finish(struct container_spec *spec)
{
    json_destroy(spec->json);
    text_finish(&spec->env);
    text_finish(&spec->warnings);
    spec->json = NULL;
}
