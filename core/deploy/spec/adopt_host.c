/*
 * HostConfig: the members that differ from the bare container, but for those that the daemon
 * derives from others.
 */
#include <string.h>
#include <strings.h>

#include "deploy/spec/adoption.h"
#include "deploy/spec/same.h"
#include "docker/container.h"

/* ---- members with rules of their own ---- */

static void write_restart(struct adoption *a, struct json_node value)
{
    const char *policy = a->container->restart_policy;
    bool none = !*policy || strcmp(policy, "no") == 0;

    (void)value;
    jw_object(&a->w, "RestartPolicy");
    jw_string(&a->w, "Name", none ? "unless-stopped" : policy);
    if (a->container->restart_retries > 0)
        jw_int(&a->w, "MaximumRetryCount", a->container->restart_retries);
    jw_end(&a->w);
    if (none)
        adoption_note(a, "HostConfig.RestartPolicy was \"no\" and becomes \"unless-stopped\": the "
                         "container comes back after a restart of the host");
}

static void write_network_mode(struct adoption *a, struct json_node value)
{
    char mode[ADOPT_NAME_SIZE];

    if (!json_string(value, mode, sizeof mode) || !*mode || strcmp(mode, "default") == 0 ||
        strcmp(mode, "bridge") == 0)
        return;
    if (strncmp(mode, "container:", 10) == 0) {
        adoption_leave(a, "HostConfig.NetworkMode", value,
                       "the container would end with the other one: give both a network");
        return;
    }
    jw_string(&a->w, "NetworkMode", mode);
    if (strcmp(mode, "host") == 0)
        a->fixed = true;
}

/* PidMode, IpcMode. */
static void write_mode(struct adoption *a, const char *name, struct json_node value)
{
    char mode[ADOPT_NAME_SIZE], path[ADOPT_NAME_SIZE] = "HostConfig.";

    if (!json_string(value, mode, sizeof mode))
        return;
    strncat(path, name, sizeof path - strlen(path) - 1);
    if (strncmp(mode, "container:", 10) == 0)
        adoption_leave(a, path, value, "the container would end with the other one");
    else
        jw_string(&a->w, name, mode);
}

static void write_pid_mode(struct adoption *a, struct json_node value)
{
    write_mode(a, "PidMode", value);
}

static void write_ipc_mode(struct adoption *a, struct json_node value)
{
    write_mode(a, "IpcMode", value);
}

/* Writes the ports that are published; Podman shows the others as null. */
static void write_ports(struct adoption *a, struct json_node value)
{
    struct json_node name, bindings = {0};
    bool open = false;

    while ((bindings = json_next(value, bindings, &name)).doc) {
        char port[ADOPT_NAME_SIZE];

        if (same_empty(bindings) || !json_string(name, port, sizeof port))
            continue;
        if (!open)
            jw_object(&a->w, "PortBindings");
        open = true;
        json_copy(&a->w, port, bindings);
        for (struct json_node at = json_first(bindings); at.doc; at = json_next(bindings, at, NULL))
            a->fixed = a->fixed || !same_empty(json_get(at, "HostPort"));
    }
    if (open)
        jw_end(&a->w);
}

static void leave_auto_remove(struct adoption *a, struct json_node value)
{
    if (json_bool(value, false))
        adoption_leave(a, "HostConfig.AutoRemove", value,
                       "a stopped container would be gone, and there would be no rollback");
}

static void leave_links(struct adoption *a, struct json_node value)
{
    if (!same_empty(value))
        adoption_leave(a, "HostConfig.Links", value,
                       "they bind it to containers that may be replaced: use a network");
}

static void write_runtime(struct adoption *a, struct json_node value)
{
    char runtime[ADOPT_NAME_SIZE];

    if (json_string(value, runtime, sizeof runtime) && *runtime &&
        strcmp(runtime, *a->runtime ? a->runtime : "runc") != 0 && strcmp(runtime, "oci") != 0)
        jw_string(&a->w, "Runtime", runtime);
}

/* Twice the memory is the default. */
static void write_swap(struct adoption *a, struct json_node value)
{
    int64_t swap, memory = 0;

    json_int(json_get(a->host, "Memory"), &memory);
    if (json_int(value, &swap) && swap != 0 && swap / 2 != memory)
        jw_int(&a->w, "MemorySwap", swap);
}

static void write_swappiness(struct adoption *a, struct json_node value)
{
    int64_t number;

    if (json_int(value, &number) && number >= 0)
        jw_int(&a->w, "MemorySwappiness", number);
}

/* Podman shows NanoCpus as these, too, and daemons refuse both together. */
static void write_cpu(struct adoption *a, const char *name, struct json_node value)
{
    if (!same_empty(value) && same_empty(json_get(a->host, "NanoCpus")))
        json_copy(&a->w, name, value);
}

static void write_period(struct adoption *a, struct json_node value)
{
    write_cpu(a, "CpuPeriod", value);
}

static void write_quota(struct adoption *a, struct json_node value)
{
    write_cpu(a, "CpuQuota", value);
}

static void write_added(struct adoption *a, struct json_node value)
{
    adoption_list(a, "CapAdd", value, json_get(a->bare_host, "CapAdd"));
}

static void write_dropped(struct adoption *a, struct json_node value)
{
    adoption_list(a, "CapDrop", value, json_get(a->bare_host, "CapDrop"));
}

/* ---- lists of objects ---- */

static void write_device(struct adoption *a, struct json_node device)
{
    static const char *const members[] = {"PathOnHost", "PathInContainer"};
    struct json_node permissions = json_get(device, "CgroupPermissions");

    jw_object(&a->w, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        json_copy(&a->w, members[i], json_get(device, members[i]));
    if (same_empty(permissions))
        jw_string(&a->w, "CgroupPermissions", "rwm");
    else
        json_copy(&a->w, "CgroupPermissions", permissions);
    jw_end(&a->w);
}

/* Podman shows no permissions. */
static void write_devices(struct adoption *a, struct json_node value)
{
    if (same_empty(value))
        return;
    jw_array(&a->w, "Devices");
    for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL))
        if (json_present(json_get(at, "PathOnHost")) &&
            json_present(json_get(at, "PathInContainer")))
            write_device(a, at);
    jw_end(&a->w);
}

/* Podman shows RLIMIT_NOFILE for nofile. */
static void write_ulimit(struct adoption *a, struct json_node limit)
{
    char name[ADOPT_NAME_SIZE];
    const char *plain = name;
    int64_t soft = 0, hard = 0;

    if (!json_string(json_get(limit, "Name"), name, sizeof name))
        return;
    if (strncasecmp(name, "RLIMIT_", 7) == 0)
        plain += 7;
    for (char *c = name; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
    json_int(json_get(limit, "Soft"), &soft);
    json_int(json_get(limit, "Hard"), &hard);
    jw_object(&a->w, NULL);
    jw_string(&a->w, "Name", plain);
    jw_int(&a->w, "Soft", soft);
    jw_int(&a->w, "Hard", hard);
    jw_end(&a->w);
}

static void write_ulimits(struct adoption *a, struct json_node value)
{
    struct json_node bare = json_get(a->bare_host, "Ulimits");

    if (same_empty(value))
        return;
    jw_array(&a->w, "Ulimits");
    for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL))
        if (!same_listed(bare, at))
            write_ulimit(a, at);
    jw_end(&a->w);
}

/* An empty list was asked for. Another one is the default of the daemon that made the container,
 * and a newer daemon hides more. */
static void write_paths(struct adoption *a, const char *name, struct json_node value)
{
    if (json_kind(value) != JSON_ARRAY || json_count(value) ||
        same_empty(json_get(a->bare_host, name)))
        return;
    jw_array(&a->w, name);
    jw_end(&a->w);
}

static void write_masked(struct adoption *a, struct json_node value)
{
    write_paths(a, "MaskedPaths", value);
}

static void write_readonly(struct adoption *a, struct json_node value)
{
    write_paths(a, "ReadonlyPaths", value);
}

/* ---- mounts ---- */

/* Returns true if a bind or a mount names the volume. */
static bool is_named(const struct adoption *a, const char *volume)
{
    struct json_node binds = json_get(a->host, "Binds"), mounts = json_get(a->host, "Mounts");
    char text[4 * ADOPT_NAME_SIZE];

    for (struct json_node at = json_first(binds); at.doc; at = json_next(binds, at, NULL))
        if (json_string(at, text, sizeof text) && strncmp(text, volume, strlen(volume)) == 0)
            return true;
    for (struct json_node at = json_first(mounts); at.doc; at = json_next(mounts, at, NULL))
        if (json_string_equals(json_get(at, "Source"), volume))
            return true;
    return false;
}

/* Mounts a volume without a name by the name that the daemon gave it. */
static void write_anonymous(struct adoption *a, struct json_node mount)
{
    struct json_node target = json_get(mount, "Destination");
    char volume[ADOPT_NAME_SIZE], path[ADOPT_NAME_SIZE];

    if (!adoption_anonymous(mount, volume) || !json_string(target, path, sizeof path))
        return;
    adoption_note(a,
                  "the volume without a name at %s is mounted by its name %.12s...: both "
                  "versions write to it",
                  path, volume);
    if (is_named(a, volume))
        return;
    jw_object(&a->w, NULL);
    jw_string(&a->w, "Type", "volume");
    jw_string(&a->w, "Source", volume);
    jw_string(&a->w, "Target", path);
    if (!json_bool(json_get(mount, "RW"), true))
        jw_bool(&a->w, "ReadOnly", true);
    jw_end(&a->w);
}

/* Returns true if a volume without a name must be added to the mounts. */
static bool has_anonymous(const struct adoption *a, struct json_node real)
{
    char volume[ADOPT_NAME_SIZE];

    for (struct json_node at = json_first(real); at.doc; at = json_next(real, at, NULL))
        if (adoption_anonymous(at, volume) && !is_named(a, volume))
            return true;
    return false;
}

/* Writes Mounts: those of the container, with names for volumes that have none. */
static void write_mounts(struct adoption *a)
{
    struct json_node list = json_get(a->host, "Mounts");
    struct json_node real = json_get(json_root(a->container->document), "Mounts");

    if (same_empty(list) && !has_anonymous(a, real))
        return;
    jw_array(&a->w, "Mounts");
    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL))
        if (!same_empty(json_get(at, "Source")) ||
            !adoption_at_anonymous(a, json_get(at, "Target")))
            json_copy(&a->w, NULL, at);
    for (struct json_node at = json_first(real); at.doc; at = json_next(real, at, NULL))
        write_anonymous(a, at);
    jw_end(&a->w);
}

/* ---- all of it ---- */

static void skip(struct adoption *a, struct json_node value)
{
    (void)a, (void)value;
}

static const struct {
    const char *name;
    void (*write)(struct adoption *a, struct json_node value);
} rules[] = {
    {"AutoRemove", leave_auto_remove},
    {"CapAdd", write_added},
    {"CapDrop", write_dropped},
    {"ConsoleSize", skip}, /* of the terminal that created the container */
    {"ContainerIDFile", skip},
    {"CpuPeriod", write_period},
    {"CpuQuota", write_quota},
    {"Devices", write_devices},
    {"IpcMode", write_ipc_mode},
    {"Links", leave_links},
    {"MaskedPaths", write_masked},
    {"MemorySwap", write_swap},
    {"MemorySwappiness", write_swappiness},
    {"Mounts", skip}, /* write_mounts */
    {"NetworkMode", write_network_mode},
    {"PidMode", write_pid_mode},
    {"PortBindings", write_ports},
    {"ReadonlyPaths", write_readonly},
    {"RestartPolicy", skip}, /* write_restart */
    {"Runtime", write_runtime},
    {"Ulimits", write_ulimits},
};

/* Writes a member by its rule, or as it is if the bare container has another value. */
static void write_member(struct adoption *a, struct json_node name, struct json_node value)
{
    char text[ADOPT_NAME_SIZE];

    if (!json_string(name, text, sizeof text) ||
        !adoption_differs(value, json_get(a->bare_host, text)))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (json_names(name, rules[i].name)) {
            rules[i].write(a, value);
            return;
        }
    json_copy(&a->w, text, value);
}

void adoption_host(struct adoption *a)
{
    struct json_node name, value = {0};

    jw_object(&a->w, "HostConfig");
    while ((value = json_next(a->host, value, &name)).doc)
        write_member(a, name, value);
    write_mounts(a);
    write_restart(a, value);
    jw_end(&a->w);
}
