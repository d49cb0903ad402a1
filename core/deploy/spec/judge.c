/*
 * One function a rule. The first reason ends the judgement.
 */
#include "deploy/spec/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "deploy/spec/owners.h"
#include "deploy/spec/same.h"
#include "deploy/spec/shown.h"
#include "docker/container.h"

#define VALUE_SIZE    512
#define VOLUME_DIGITS 64 /* hex digits in the name of a volume without a name */

static struct json_node host_config(const struct docker_container *container)
{
    return json_get(json_root(container->document), "HostConfig");
}

static struct json_node mounts_of(const struct docker_container *container)
{
    return json_get(json_root(container->document), "Mounts");
}

static const struct unit_spec *unit_of(const struct judge_input *input)
{
    return input->spec->unit;
}

static bool starts_first(const struct judge_input *input)
{
    return unit_of(input)->order == ORDER_START_FIRST;
}

static const char *file_of(const struct judge_input *input)
{
    return unit_of(input)->container;
}

/* Sets usage.judge and its hint. */
static int refuse(struct err *err, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct err *err, const char *hint, const char *fmt, ...)
{
    char text[sizeof err->text];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    err_set(err, ERR_USAGE, "judge", "%s", text);
    return err_hint(err, "%s", hint);
}

/* ---- ports ---- */

/* Returns true for the binding of a slot: the port of the unit, on 127.0.0.1. */
static bool is_slot(const struct unit_spec *unit, const char *name, struct json_node binding)
{
    char wanted[16], port[16];

    snprintf(wanted, sizeof wanted, "%u/tcp", unit->port);
    if (strcmp(name, wanted) != 0 || !json_string_equals(json_get(binding, "HostIp"), "127.0.0.1"))
        return false;
    if (!json_string(json_get(binding, "HostPort"), port, sizeof port))
        return false;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        snprintf(wanted, sizeof wanted, "%u", unit->slot_ports[slot]);
        if (unit->slot_ports[slot] && strcmp(port, wanted) == 0)
            return true;
    }
    return false;
}

/* Two containers cannot have the same port of the host. */
static int check_ports(const struct judge_input *input, struct err *err)
{
    struct json_node ports = json_get(host_config(input->candidate), "PortBindings");
    struct json_node name, value = {0};

    while (starts_first(input) && (value = json_next(ports, value, &name)).doc) {
        char text[VALUE_SIZE], port[VALUE_SIZE];

        json_string(name, text, sizeof text);
        for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL))
            if (json_string(json_get(at, "HostPort"), port, sizeof port) && *port &&
                strcmp(port, "0") != 0 && !is_slot(unit_of(input), text, at))
                return refuse(err,
                              "remove it from PortBindings and send the traffic to the slots, or "
                              "use order: \"stop-first\"",
                              "%s publishes %s on port %s of the host, and two containers of unit "
                              "%s run at the same time",
                              file_of(input), text, port, unit_of(input)->unit);
    }
    return 0;
}

static int check_owners(const struct judge_input *input, struct err *err)
{
    const struct owners_input owners = {
        .unit = unit_of(input),
        .candidate = input->candidate,
        .serving = input->serving,
        .others = input->others,
        .other_count = input->other_count,
    };

    return owners_check(&owners, err);
}

static int check_host_network(const struct judge_input *input, struct err *err)
{
    if (!starts_first(input) || !unit_of(input)->port ||
        !json_string_equals(json_get(host_config(input->candidate), "NetworkMode"), "host"))
        return 0;
    return refuse(err, "use another network with slots, or order: \"stop-first\"",
                  "%s has the network of the host, in which two containers cannot both have port "
                  "%u",
                  file_of(input), unit_of(input)->port);
}

/* The daemon publishes no port in these modes, and only warns. */
static int check_publishing(const struct judge_input *input, struct err *err)
{
    struct json_node mode = json_get(host_config(input->candidate), "NetworkMode");
    bool host = json_string_equals(mode, "host");

    if (!unit_of(input)->slot_ports[SLOT_BLUE] || (!host && !json_string_equals(mode, "none")))
        return 0;
    return refuse(err, "use another network, or remove the slots",
                  "%s has the network mode \"%s\", in which no port is published: nothing would "
                  "respond at the slots of unit %s",
                  file_of(input), host ? "host" : "none", unit_of(input)->unit);
}

/* ---- addresses ---- */

static int refuse_address(const struct judge_input *input, const char *what, struct err *err)
{
    return refuse(err, "remove it, or use order: \"stop-first\"",
                  "%s has a fixed %s, and two containers of unit %s run at the same time",
                  file_of(input), what, unit_of(input)->unit);
}

/* Looks into the spec as well: before the start, Podman does not show addresses. */
static int check_addresses(const struct judge_input *input, struct err *err)
{
    struct json_node file = json_root(input->spec->json);
    struct json_node lists[] = {
        json_get(json_get(file, "NetworkingConfig"), "EndpointsConfig"),
        json_get(json_get(json_root(input->candidate->document), "NetworkSettings"), "Networks"),
    };

    if (!starts_first(input))
        return 0;
    if (!same_empty(json_get(file, "MacAddress")))
        return refuse_address(input, "MAC address", err);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        struct json_node at = {0};

        while ((at = json_next(lists[i], at, NULL)).doc) {
            struct json_node ipam = json_get(at, "IPAMConfig");

            if (!same_empty(json_get(ipam, "IPv4Address")) ||
                !same_empty(json_get(ipam, "IPv6Address")))
                return refuse_address(input, "IP address", err);
            if (i == 0 && !same_empty(json_get(at, "MacAddress")))
                return refuse_address(input, "MAC address", err);
        }
    }
    return 0;
}

/* ---- other containers ---- */

static const char *const modes[] = {"NetworkMode", "PidMode", "IpcMode"};

static bool read_borrowed(struct json_node host, const char *mode, char out[VALUE_SIZE])
{
    return json_string(json_get(host, mode), out, VALUE_SIZE) &&
           strncmp(out, "container:", 10) == 0;
}

/* A container in the name space of another one loses its network with it. */
static int check_borrowed(const struct judge_input *input, struct err *err)
{
    struct json_node host = host_config(input->candidate), links = json_get(host, "Links");
    char value[VALUE_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (read_borrowed(host, modes[i], value))
            return refuse(err, "use a network that both containers are in",
                          "%s has %s \"%s\": it would end with that container", file_of(input),
                          modes[i], value);
    if (!same_empty(links))
        return refuse(err, "use a network with aliases",
                      "%s has HostConfig.Links, which bind it "
                      "to containers that may be replaced",
                      file_of(input));
    return 0;
}

/* Returns true if the mode names the container by its id, a part of it, or its name. */
static bool borrows_from(const char *mode, const struct docker_container *container)
{
    const char *which = mode + strlen("container:");
    size_t size = strlen(which);

    return strcmp(which, container->name) == 0 ||
           (size >= 12 && strncmp(which, container->id, size) == 0);
}

static int check_dependents(const struct judge_input *input, struct err *err)
{
    char value[VALUE_SIZE];

    for (unsigned i = 0; input->serving && i < input->other_count; i++)
        for (size_t mode = 0; mode < ARRAY_SIZE(modes); mode++) {
            const struct docker_container *other = input->others[i];

            if (read_borrowed(host_config(other), modes[mode], value) &&
                borrows_from(value, input->serving))
                return refuse(err, "give that container a network of its own",
                              "the container %s uses the %s of %s, and would lose it", other->name,
                              strcmp(modes[mode], "NetworkMode") == 0 ? "network" : "name spaces",
                              input->serving->name);
        }
    return 0;
}

/* ---- the container itself ---- */

static int check_auto_remove(const struct judge_input *input, struct err *err)
{
    if (!json_bool(json_get(host_config(input->candidate), "AutoRemove"), false))
        return 0;
    return refuse(err, "remove HostConfig.AutoRemove",
                  "%s has HostConfig.AutoRemove: a stopped container would be gone, and there "
                  "would be no rollback",
                  file_of(input));
}

/* Returns true if the spec names the volume itself. */
static bool is_named(const struct judge_input *input, const char *volume)
{
    struct json_node host = json_get(json_root(input->spec->json), "HostConfig");
    struct json_node binds = json_get(host, "Binds"), mounts = json_get(host, "Mounts");
    char value[VALUE_SIZE];

    for (struct json_node at = json_first(binds); at.doc; at = json_next(binds, at, NULL))
        if (json_string(at, value, sizeof value) && strncmp(value, volume, strlen(volume)) == 0 &&
            value[strlen(volume)] == ':')
            return true;
    for (struct json_node at = json_first(mounts); at.doc; at = json_next(mounts, at, NULL))
        if (json_string_equals(json_get(at, "Source"), volume))
            return true;
    return false;
}

static bool is_anonymous(const char *volume)
{
    return strlen(volume) == VOLUME_DIGITS && strspn(volume, "0123456789abcdef") == VOLUME_DIGITS;
}

/* The data of an anonymous volume stay with the old container. */
static int check_volumes(const struct judge_input *input, struct err *err)
{
    struct json_node mounts = mounts_of(input->candidate);
    char volume[VALUE_SIZE], target[VALUE_SIZE];

    if (unit_of(input)->fresh_volumes)
        return 0;
    for (struct json_node at = json_first(mounts); at.doc; at = json_next(mounts, at, NULL)) {
        if (!json_string_equals(json_get(at, "Type"), "volume") ||
            !json_string(json_get(at, "Name"), volume, sizeof volume) || !is_anonymous(volume) ||
            is_named(input, volume))
            continue;
        if (!json_string(json_get(at, "Destination"), target, sizeof target))
            str_copy(target, sizeof target, "?");
        return refuse(err,
                      "mount a volume or a folder there in HostConfig, or set fresh_volumes: true "
                      "if the data may be lost",
                      "the image has a volume at %.200s for which %s mounts nothing: each new "
                      "container would begin with an empty one",
                      target, file_of(input));
    }
    return 0;
}

/* ---- warnings ---- */

/* Returns true if both containers mount the same source. */
static bool mounts_source(const struct docker_container *container, struct json_node source)
{
    struct json_node mounts = mounts_of(container);

    for (struct json_node at = json_first(mounts); at.doc; at = json_next(mounts, at, NULL))
        if (json_bool(json_get(at, "RW"), true) && same_scalar(json_get(at, "Source"), source))
            return true;
    return false;
}

static void warn_shared_data(const struct judge_input *input, struct text *warnings)
{
    struct json_node mounts = mounts_of(input->candidate);

    if (!starts_first(input) || !input->serving)
        return;
    for (struct json_node at = json_first(mounts); at.doc; at = json_next(mounts, at, NULL)) {
        struct json_node source = json_get(at, "Source");
        char target[VALUE_SIZE];

        if (!json_bool(json_get(at, "RW"), true) || same_empty(source) ||
            !mounts_source(input->serving, source) ||
            !json_string(json_get(at, "Destination"), target, sizeof target))
            continue;
        text_printf(warnings,
                    "two containers of unit %s write to %s at the same time: a program that locks "
                    "its data needs order: \"stop-first\"\n",
                    unit_of(input)->unit, target);
    }
}

static void warn_memory(const struct judge_input *input, struct text *warnings)
{
    int64_t limit;

    if (!json_int(json_get(host_config(input->candidate), "Memory"), &limit) || limit <= 0 ||
        !starts_first(input) || !input->memory_available ||
        (uint64_t)limit <= input->memory_available)
        return;
    text_printf(warnings,
                "unit %s may use %jd MiB of memory, and the host has %ju MiB free: two containers "
                "run for a while\n",
                unit_of(input)->unit, (intmax_t)(limit / (int64_t)MIB),
                (uintmax_t)(input->memory_available / MIB));
}

static void warn_log(const struct judge_input *input, struct text *warnings)
{
    struct json_node log = json_get(host_config(input->candidate), "LogConfig");

    if (json_string_equals(json_get(log, "Type"), "json-file") &&
        same_empty(json_get(json_get(log, "Config"), "max-size")) &&
        !shown_by_podman(input->candidate))
        text_printf(warnings,
                    "the log of unit %s has no limit: set HostConfig.LogConfig.Config "
                    "{\"max-size\": \"10m\"}\n",
                    unit_of(input)->unit);
}

/* ---- all of it ---- */

int judge(const struct judge_input *input, struct text *warnings, struct err *err)
{
    static int (*const rules[])(const struct judge_input *input, struct err *err) = {
        check_auto_remove, check_borrowed,     check_dependents, check_ports,
        check_addresses,   check_host_network, check_publishing, check_owners,
    };

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i](input, err))
            return ERR_FAIL;
    /* a misspelled mount is the reason of a volume without a name */
    if (shown_check(input->spec, input->candidate, warnings, err) || check_volumes(input, err))
        return ERR_FAIL;
    if (warnings) {
        warn_shared_data(input, warnings);
        warn_memory(input, warnings);
        warn_log(input, warnings);
    }
    return 0;
}
