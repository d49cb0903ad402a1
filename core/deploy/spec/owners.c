/*
 * Ports are compared with those that running containers have now, also with ports that the daemon
 * chose. Containers of the same unit are left out: an interrupted run is put in order first.
 */
#include "deploy/spec/owners.h"

#include <string.h>

#include "base/err.h"
#include "deploy/spec/labels.h"
#include "docker/container.h"

#define VALUE_SIZE 512

#define HINT_ORDER "write the slots in the order in which they were deployed, or use others"

static bool starts_first(const struct owners_input *input)
{
    return input->unit->order == ORDER_START_FIRST;
}

/* ---- ports ---- */

/* Returns true if both addresses have a port in common. The daemon writes one line for all IPv4
 * addresses and one for all IPv6 addresses. */
static bool addresses_meet(const char *a, const char *b)
{
    bool a_six = strchr(a, ':') != NULL, b_six = strchr(b, ':') != NULL;

    if (!*a || !*b)
        return true;
    return a_six == b_six &&
           (strcmp(a, b) == 0 || strcmp(a, "0.0.0.0") == 0 || strcmp(b, "0.0.0.0") == 0 ||
            strcmp(a, "::") == 0 || strcmp(b, "::") == 0);
}

static void read_text(struct json_node node, char out[VALUE_SIZE])
{
    if (!json_string(node, out, VALUE_SIZE))
        out[0] = '\0';
}

/* Returns true if a running container has the port of the host: `bindings` is one of its lists. */
static bool is_bound(struct json_node bindings, const char *address, const char *port)
{
    char other_address[VALUE_SIZE], other_port[VALUE_SIZE];

    for (struct json_node at = json_first(bindings); at.doc; at = json_next(bindings, at, NULL)) {
        read_text(json_get(at, "HostIp"), other_address);
        read_text(json_get(at, "HostPort"), other_port);
        if (strcmp(port, other_port) == 0 && addresses_meet(address, other_address))
            return true;
    }
    return false;
}

/* Returns the end of a name like "8080/tcp". */
static const char *protocol_of(const char *name)
{
    const char *slash = strchr(name, '/');

    return slash ? slash : "/tcp";
}

static bool has_port(const struct docker_container *container, const char *protocol,
                     const char *address, const char *port)
{
    struct json_node ports =
        json_get(json_get(json_root(container->document), "NetworkSettings"), "Ports");
    struct json_node name, at = {0};
    char text[VALUE_SIZE];

    if (container->state != CONTAINER_RUNNING)
        return false;
    while ((at = json_next(ports, at, &name)).doc) {
        read_text(name, text);
        if (strcmp(protocol_of(text), protocol) == 0 && is_bound(at, address, port))
            return true;
    }
    return false;
}

static int refuse_port(const struct owners_input *input, const struct docker_container *other,
                       const char *port, struct err *err)
{
    if (other == input->serving) {
        err_set(err, ERR_USAGE, "judge",
                "unit %s needs the port %s of the host, which %s has: the slots of the entry were "
                "exchanged",
                input->unit->unit, port, other->name);
        return err_hint(err, HINT_ORDER);
    }
    err_set(err, ERR_USAGE, "judge",
            "unit %s needs the port %s of the host, which the container %s has", input->unit->unit,
            port, other->name);
    return err_hint(err, "stop that container if it is not needed, or use another port");
}

static bool same_unit(const struct docker_container *a, const struct docker_container *b)
{
    char first[LABELS_DEPLOY_MAX], second[LABELS_DEPLOY_MAX];

    return docker_container_label(a, LABEL_DEPLOY, first, sizeof first) &&
           docker_container_label(b, LABEL_DEPLOY, second, sizeof second) &&
           strcmp(first, second) == 0;
}

/* Returns the container that has the port already, or NULL. O of a stop-first unit gives it up. */
static const struct docker_container *find_owner(const struct owners_input *input,
                                                 const char *protocol, const char *address,
                                                 const char *port)
{
    if (starts_first(input) && input->serving && has_port(input->serving, protocol, address, port))
        return input->serving;
    for (unsigned i = 0; i < input->other_count; i++)
        if (!same_unit(input->others[i], input->candidate) &&
            has_port(input->others[i], protocol, address, port))
            return input->others[i];
    return NULL;
}

/* The daemon would refuse the start. */
static int check_ports(const struct owners_input *input, struct err *err)
{
    struct json_node ports =
        json_get(json_get(json_root(input->candidate->document), "HostConfig"), "PortBindings");
    struct json_node name, value = {0};

    while ((value = json_next(ports, value, &name)).doc) {
        char text[VALUE_SIZE], address[VALUE_SIZE], port[VALUE_SIZE];

        read_text(name, text);
        for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL)) {
            const struct docker_container *owner;

            read_text(json_get(at, "HostIp"), address);
            read_text(json_get(at, "HostPort"), port);
            if (!*port || strcmp(port, "0") == 0)
                continue;
            owner = find_owner(input, protocol_of(text), address, port);
            if (owner)
                return refuse_port(input, owner, port, err);
        }
    }
    return 0;
}

/* ---- names ---- */

static struct json_node aliases_of(const struct docker_container *container, const char *network)
{
    struct json_node networks =
        json_get(json_get(json_root(container->document), "NetworkSettings"), "Networks");

    return json_get(json_get(networks, network), "Aliases");
}

/* Returns true if both containers have the name of a slot: it would lead to both. */
static bool share_slot(const struct unit_spec *unit, const struct docker_container *a,
                       const struct docker_container *b, const char *slot)
{
    struct json_node first = aliases_of(a, unit->network), second = aliases_of(b, unit->network);
    bool in_first = false, in_second = false;

    for (struct json_node at = json_first(first); at.doc; at = json_next(first, at, NULL))
        in_first |= json_string_equals(at, slot);
    for (struct json_node at = json_first(second); at.doc; at = json_next(second, at, NULL))
        in_second |= json_string_equals(at, slot);
    return in_first && in_second;
}

static int check_slot_names(const struct owners_input *input, struct err *err)
{
    const struct docker_container *serving = input->serving;
    const struct unit_spec *unit = input->unit;

    if (!serving || serving->state != CONTAINER_RUNNING || !starts_first(input))
        return 0;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        const char *name = unit->slot_names[slot];

        if (!*name || !share_slot(unit, input->candidate, serving, name))
            continue;
        err_set(err, ERR_USAGE, "judge",
                "unit %s needs the name %s in the network %s, which %s has: the slots of the entry "
                "were exchanged",
                unit->unit, name, unit->network, serving->name);
        return err_hint(err, HINT_ORDER);
    }
    return 0;
}

int owners_check(const struct owners_input *input, struct err *err)
{
    return check_ports(input, err) || check_slot_names(input, err) ? ERR_FAIL : 0;
}
