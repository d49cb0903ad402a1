/*
 * Seen with Docker 20.10, 26.1 and 28, and Podman 4.3. Docker shows most members as they were sent;
 * Podman translates them for its own configuration and back.
 */
#include "deploy/spec/shown_forms.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "deploy/spec/same.h"

#define WORD_SIZE 512

/* ---- lists without an order ---- */

typedef bool shown_element(struct json_node spec, struct json_node inspect);

/* Returns true if each element of `spec` has its form in `inspect`. */
static bool shows_all(struct json_node spec, struct json_node inspect, shown_element *is_form)
{
    for (struct json_node at = json_first(spec); at.doc; at = json_next(spec, at, NULL)) {
        struct json_node other = json_first(inspect);

        while (other.doc && !is_form(at, other))
            other = json_next(inspect, other, NULL);
        if (!other.doc)
            return false;
    }
    return true;
}

/* ---- words ---- */

/* Cmd and Entrypoint: an array, or one text. [""] resets the entry point of the image. */
static bool shows_words(struct json_node spec, struct json_node inspect, struct json_node root)
{
    (void)root;
    if (json_kind(spec) == JSON_STRING)
        return json_count(inspect) == 1 && same_scalar(spec, json_first(inspect));
    if (json_count(spec) == 1 && json_string_equals(json_first(spec), ""))
        return same_empty(inspect) || same_value(spec, inspect);
    return same_value(spec, inspect);
}

/* Reads a path without slashes at its end. */
static bool read_path(struct json_node node, char out[WORD_SIZE])
{
    size_t size;

    if (!json_string(node, out, WORD_SIZE))
        return false;
    for (size = strlen(out); size > 1 && out[size - 1] == '/'; size--)
        out[size - 1] = 0;
    return true;
}

static bool same_path(struct json_node a, struct json_node b)
{
    char x[WORD_SIZE], y[WORD_SIZE];

    return read_path(a, x) && read_path(b, y) && strcmp(x, y) == 0;
}

static bool shows_path(struct json_node spec, struct json_node inspect, struct json_node root)
{
    (void)root;
    return same_path(spec, inspect);
}

/* ---- signals ---- */

static long signal_number(struct json_node node)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"HUP", 1},   {"INT", 2},    {"QUIT", 3},  {"ABRT", 6},  {"KILL", 9},
                   {"USR1", 10}, {"USR2", 12},  {"TERM", 15}, {"CONT", 18}, {"STOP", 19},
                   {"PWR", 30},  {"WINCH", 28}, {"ALRM", 14}, {"PIPE", 13}};
    char text[WORD_SIZE];
    const char *name = text;

    if (!json_string(node, text, sizeof text))
        return 0;
    if (*text >= '0' && *text <= '9')
        return strtol(text, NULL, 10);
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    if (strncasecmp(name, "RTMIN", 5) == 0)
        return 34 + (name[5] == '+' ? strtol(name + 6, NULL, 10) : 0);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        if (strcasecmp(name, signals[i].name) == 0)
            return signals[i].number;
    return 0;
}

/* Podman shows the number of a signal. */
static bool shows_signal(struct json_node spec, struct json_node inspect, struct json_node root)
{
    long number = signal_number(spec);

    (void)root;
    return same_scalar(spec, inspect) || (number && number == signal_number(inspect));
}

/* ---- ports ---- */

/* Returns true if both are the same port: "80" is "80/tcp". */
static bool same_port(struct json_node a, struct json_node b)
{
    struct json_node nodes[2] = {a, b};
    char text[2][WORD_SIZE];

    for (int i = 0; i < 2; i++) {
        if (!json_string(nodes[i], text[i], sizeof text[i] - 4))
            return false;
        if (!strchr(text[i], '/'))
            strcat(text[i], "/tcp"); /* NOLINT: four bytes are left */
    }
    return strcasecmp(text[0], text[1]) == 0;
}

static bool shows_binding(struct json_node spec, struct json_node inspect)
{
    struct json_node ip = json_get(spec, "HostIp"), port = json_get(spec, "HostPort");

    return (same_empty(ip) || same_scalar(ip, json_get(inspect, "HostIp"))) &&
           (same_empty(port) || same_scalar(port, json_get(inspect, "HostPort")));
}

static bool shows_ports(struct json_node spec, struct json_node inspect, struct json_node root)
{
    struct json_node name, value = {0};

    (void)root;
    while ((value = json_next(spec, value, &name)).doc) {
        struct json_node other_name, other = json_next(inspect, (struct json_node){0}, &other_name);

        while (other.doc && !same_port(name, other_name))
            other = json_next(inspect, other, &other_name);
        if (!other.doc || !shows_all(value, other, shows_binding))
            return false;
    }
    return true;
}

/* ---- options separated by commas ---- */

static bool has_option(const char *list, const char *option, size_t size)
{
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == size && strncmp(at, option, size) == 0)
            return true;
    return false;
}

/* Returns true if `list` has all options of `options`. "rw" and "z" need not be shown. */
static bool has_options(const char *list, const char *options)
{
    for (const char *at = options; *at; at += strcspn(at, ","), at += *at == ',') {
        size_t size = strcspn(at, ",");

        if (size && !has_option("rw,z,Z", at, size) && !has_option(list, at, size))
            return false;
    }
    return true;
}

/* Podman adds options of its own. */
static bool shows_tmpfs(struct json_node spec, struct json_node inspect, struct json_node root)
{
    struct json_node name, value = {0};
    char options[WORD_SIZE], list[WORD_SIZE];

    (void)root;
    while ((value = json_next(spec, value, &name)).doc) {
        struct json_node other = same_member(inspect, name);

        if (!other.doc || !json_string(value, options, sizeof options) ||
            !json_string(other, list, sizeof list) || !has_options(list, options))
            return false;
    }
    return true;
}

/* ---- mounts ---- */

struct bind {
    char text[WORD_SIZE];
    const char *source, *target, *options;
};

/* Splits SOURCE:TARGET[:OPTIONS]. */
static bool read_bind(struct json_node node, struct bind *out)
{
    char *colon;

    if (!json_string(node, out->text, sizeof out->text))
        return false;
    colon = strchr(out->text, ':');
    if (!colon)
        return false;
    *colon = 0;
    out->source = out->text;
    out->target = colon + 1;
    colon = strchr(colon + 1, ':');
    if (colon)
        *colon = 0;
    out->options = colon ? colon + 1 : "";
    return true;
}

static bool shows_bind(struct json_node spec, struct json_node inspect)
{
    struct bind a, b;

    return read_bind(spec, &a) && read_bind(inspect, &b) && strcmp(a.source, b.source) == 0 &&
           strcmp(a.target, b.target) == 0 && has_options(b.options, a.options);
}

static bool shows_binds(struct json_node spec, struct json_node inspect, struct json_node root)
{
    (void)root;
    return shows_all(spec, inspect, shows_bind);
}

/* Returns true if all members of a mount are known: nothing shows them. */
static bool has_known_members(struct json_node mount)
{
    static const char *const known[] = {"Type",        "Source",      "Target",
                                        "ReadOnly",    "Consistency", "VolumeOptions",
                                        "BindOptions", "TmpfsOptions"};
    struct json_node name, value = {0};

    while ((value = json_next(mount, value, &name)).doc) {
        size_t i = 0;

        while (i < ARRAY_SIZE(known) && !json_names(name, known[i]))
            i++;
        if (i == ARRAY_SIZE(known))
            return false;
    }
    return true;
}

/* Compares a mount of a spec with one of the list of real mounts, which has other names. */
static bool is_mounted(struct json_node spec, struct json_node mount)
{
    struct json_node source = json_get(spec, "Source");

    return same_path(json_get(spec, "Target"), json_get(mount, "Destination")) &&
           same_scalar(json_get(spec, "Type"), json_get(mount, "Type")) &&
           json_bool(json_get(spec, "ReadOnly"), false) != json_bool(json_get(mount, "RW"), true) &&
           (same_empty(source) || same_scalar(source, json_get(mount, "Name")) ||
            same_path(source, json_get(mount, "Source")));
}

/* Returns true if every member of a mount is shown in the same form. */
static bool shows_members(struct json_node spec, struct json_node inspect)
{
    struct json_node name, value = {0};

    if (json_kind(spec) != JSON_OBJECT)
        return same_value(spec, inspect);
    while ((value = json_next(spec, value, &name)).doc) {
        char text[WORD_SIZE];

        if (same_empty(value))
            continue;
        if (!json_string(name, text, sizeof text) || !shows_members(value, json_get(inspect, text)))
            return false;
    }
    return true;
}

/* Podman shows mounts in the list of real mounts only, and tmpfs with the others. */
static bool shows_mount(struct json_node spec, struct json_node inspect, struct json_node root)
{
    struct json_node real = json_get(root, "Mounts");

    for (struct json_node at = json_first(inspect); at.doc; at = json_next(inspect, at, NULL))
        if (same_path(json_get(spec, "Target"), json_get(at, "Target")))
            return shows_members(spec, at);
    if (!has_known_members(spec))
        return false;
    for (struct json_node at = json_first(real); at.doc; at = json_next(real, at, NULL))
        if (is_mounted(spec, at))
            return true;
    return same_member(json_get(json_get(root, "HostConfig"), "Tmpfs"), json_get(spec, "Target"))
               .doc != NULL;
}

static bool shows_mounts(struct json_node spec, struct json_node inspect, struct json_node root)
{
    for (struct json_node at = json_first(spec); at.doc; at = json_next(spec, at, NULL))
        if (!shows_mount(at, inspect, root))
            return false;
    return true;
}

/* Podman shows volumes in the list of real mounts only. */
static bool shows_volumes(struct json_node spec, struct json_node inspect, struct json_node root)
{
    struct json_node name, value = {0};

    while ((value = json_next(spec, value, &name)).doc) {
        struct json_node mounts = json_get(root, "Mounts"), one = json_first(mounts);

        while (one.doc && !same_path(name, json_get(one, "Destination")))
            one = json_next(mounts, one, NULL);
        if (!one.doc && !same_member(inspect, name).doc)
            return false;
    }
    return true;
}

/* ---- limits, devices and capabilities ---- */

static bool same_name(struct json_node a, struct json_node b, const char *prefix)
{
    char x[WORD_SIZE], y[WORD_SIZE];
    size_t size = strlen(prefix);
    const char *p = x, *q = y;

    if (!json_string(a, x, sizeof x) || !json_string(b, y, sizeof y))
        return false;
    p += strncasecmp(x, prefix, size) == 0 ? size : 0;
    q += strncasecmp(y, prefix, size) == 0 ? size : 0;
    return strcasecmp(p, q) == 0;
}

static bool shows_ulimit(struct json_node spec, struct json_node inspect)
{
    return same_name(json_get(spec, "Name"), json_get(inspect, "Name"), "RLIMIT_") &&
           same_value(json_get(spec, "Soft"), json_get(inspect, "Soft")) &&
           same_value(json_get(spec, "Hard"), json_get(inspect, "Hard"));
}

static bool shows_ulimits(struct json_node spec, struct json_node inspect, struct json_node root)
{
    (void)root;
    return shows_all(spec, inspect, shows_ulimit);
}

static bool shows_capability(struct json_node spec, struct json_node inspect)
{
    return same_name(spec, inspect, "CAP_");
}

static bool shows_capabilities(struct json_node spec, struct json_node inspect,
                               struct json_node root)
{
    (void)root;
    return shows_all(spec, inspect, shows_capability);
}

/* Podman shows no permissions. */
static bool shows_device(struct json_node spec, struct json_node inspect)
{
    struct json_node permissions = json_get(inspect, "CgroupPermissions");

    return same_path(json_get(spec, "PathOnHost"), json_get(inspect, "PathOnHost")) &&
           same_path(json_get(spec, "PathInContainer"), json_get(inspect, "PathInContainer")) &&
           (same_empty(permissions) || same_empty(json_get(spec, "CgroupPermissions")) ||
            same_scalar(json_get(spec, "CgroupPermissions"), permissions));
}

static bool shows_devices(struct json_node spec, struct json_node inspect, struct json_node root)
{
    (void)root;
    return shows_all(spec, inspect, shows_device);
}

/* -1 means no limit, and daemons show it as null. */
static bool shows_limit(struct json_node spec, struct json_node inspect, struct json_node root)
{
    int64_t number;

    (void)root;
    return same_value(spec, inspect) ||
           (json_int(spec, &number) && number < 0 && same_empty(inspect));
}

/* Newer daemons move the address to the network. */
static bool shows_mac(struct json_node spec, struct json_node inspect, struct json_node root)
{
    struct json_node networks = json_get(json_get(root, "NetworkSettings"), "Networks");
    struct json_node at = {0};

    if (same_name(spec, inspect, ""))
        return true;
    while ((at = json_next(networks, at, NULL)).doc)
        if (same_name(spec, json_get(at, "MacAddress"), ""))
            return true;
    return false;
}

/* ---- tables ---- */

shown_form *shown_form_of(const char *path)
{
    static const struct {
        const char *path;
        shown_form *form;
    } forms[] = {
        {"Cmd", shows_words},
        {"Entrypoint", shows_words},
        {"ExposedPorts", shows_ports},
        {"MacAddress", shows_mac},
        {"StopSignal", shows_signal},
        {"Volumes", shows_volumes},
        {"WorkingDir", shows_path},
        {"HostConfig.Binds", shows_binds},
        {"HostConfig.CapAdd", shows_capabilities},
        {"HostConfig.CapDrop", shows_capabilities},
        {"HostConfig.Devices", shows_devices},
        {"HostConfig.MemorySwappiness", shows_limit},
        {"HostConfig.Mounts", shows_mounts},
        {"HostConfig.PidsLimit", shows_limit},
        {"HostConfig.PortBindings", shows_ports},
        {"HostConfig.Tmpfs", shows_tmpfs},
        {"HostConfig.Ulimits", shows_ulimits},
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if (strcasecmp(path, forms[i].path) == 0)
            return forms[i].form;
    return NULL;
}

bool shown_may_differ(const char *path)
{
    static const char *const limits[] = {
        "HostConfig.BlkioWeight",        "HostConfig.CpuRealtimePeriod",
        "HostConfig.CpuRealtimeRuntime", "HostConfig.KernelMemory",
        "HostConfig.KernelMemoryTCP",    "HostConfig.MemorySwap",
        "HostConfig.MemorySwappiness",   "HostConfig.OomKillDisable",
    };

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        if (strcasecmp(path, limits[i]) == 0)
            return true;
    return false;
}

void shown_optional(const char *path, void (*each)(void *arg, const char *name), void *arg)
{
    static const struct {
        const char *path, *name;
    } members[] = {
        {"", "ExposedPorts"},
        {"", "Healthcheck"},
        {"", "HostConfig"},
        {"", "Labels"},
        {"", "MacAddress"},
        {"", "NetworkDisabled"},
        {"", "NetworkingConfig"},
        {"", "Shell"},
        {"", "StopSignal"},
        {"", "StopTimeout"},
        {"HostConfig", "Annotations"},
        {"HostConfig", "Init"},
        {"HostConfig", "Mounts"},
        {"HostConfig", "StorageOpt"},
        {"HostConfig", "Sysctls"},
        {"HostConfig", "Tmpfs"},
        {"HostConfig.LogConfig", "Config"},
        {"Healthcheck", "Interval"},
        {"Healthcheck", "Retries"},
        {"Healthcheck", "StartInterval"},
        {"Healthcheck", "StartPeriod"},
        {"Healthcheck", "Test"},
        {"Healthcheck", "Timeout"},
        {"NetworkingConfig", "EndpointsConfig"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (strcasecmp(path, members[i].path) == 0)
            each(arg, members[i].name);
}
