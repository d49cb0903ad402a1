/*
 * The Engine connects a container to the networks of EndpointsConfig, or, if there are none, to
 * that of NetworkMode. So a network of the mode alone must be written out once the slot's is added.
 */
#include "deploy/spec/spec_networks.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/json_write.h"

static struct spec_network *find(struct spec_networks *networks, const char *name)
{
    for (unsigned i = 0; i < networks->count; i++)
        if (strcmp(networks->networks[i].name, name) == 0)
            return &networks->networks[i];
    return NULL;
}

/* Returns the network of that name, which is added if it is missing. */
static struct spec_network *add(const struct unit_spec *unit, struct spec_networks *networks,
                                const char *name, struct err *err)
{
    struct spec_network *network = find(networks, name);

    if (network)
        return network;
    if (networks->count == SPEC_NETWORKS_MAX) {
        err_set(err, ERR_USAGE, "deploy", "%s has more than %d networks", unit->container,
                SPEC_NETWORKS_MAX);
        return NULL;
    }
    network = &networks->networks[networks->count++];
    *network = (struct spec_network){0};
    snprintf(network->name, sizeof network->name, "%s", name);
    return network;
}

/* Returns true for a mode in which the container has no networks of its own. */
static bool is_alone(const char *mode)
{
    return strcmp(mode, "host") == 0 || strcmp(mode, "none") == 0 ||
           strncmp(mode, "container:", 10) == 0;
}

static int add_endpoints(struct json_node file, const struct unit_spec *unit,
                         struct spec_networks *out, struct err *err)
{
    struct json_node endpoints = json_get(json_get(file, "NetworkingConfig"), "EndpointsConfig");
    struct json_node name, value = {0};

    while ((value = json_next(endpoints, value, &name)).doc) {
        char text[SPEC_NETWORK_SIZE];
        struct spec_network *network;

        if (!json_string(name, text, sizeof text) || !*text)
            return err_set(err, ERR_USAGE, "deploy",
                           "%s has a network without a name, or with a long one", unit->container);
        network = add(unit, out, text, err);
        if (!network)
            return ERR_FAIL;
        network->endpoint = value;
    }
    return 0;
}

/* Adds the network of the slots' names. */
static int add_slot(const struct unit_spec *unit, struct spec_networks *out, struct err *err)
{
    struct spec_network *network;

    if (is_alone(out->mode))
        return err_set(err, ERR_USAGE, "deploy",
                       "%s has the network mode %s, in which the names %s and %s do not exist: use "
                       "ports as slots, or another network mode",
                       unit->container, out->mode, unit->slot_names[SLOT_BLUE],
                       unit->slot_names[SLOT_GREEN]);
    if (out->count == 0 && out->mode[0] && !add(unit, out, out->mode, err))
        return ERR_FAIL;
    network = add(unit, out, unit->network, err);
    if (!network)
        return ERR_FAIL;
    network->slot = true;
    return 0;
}

/* Moves the network of the mode to the front; without a mode, the first one becomes it. */
static void order(struct spec_networks *networks)
{
    struct spec_network *primary = find(networks, networks->mode);

    if (networks->count && !networks->mode[0])
        snprintf(networks->mode, sizeof networks->mode, "%s", networks->networks[0].name);
    if (primary && primary != networks->networks) {
        struct spec_network first = networks->networks[0];

        networks->networks[0] = *primary;
        *primary = first;
    }
}

int spec_networks_find(struct json_node file, const struct unit_spec *unit,
                       struct spec_networks *out, struct err *err)
{
    struct json_node mode = json_get(json_get(file, "HostConfig"), "NetworkMode");

    memset(out, 0, sizeof *out);
    if (json_present(mode) && !json_string(mode, out->mode, sizeof out->mode))
        return err_set(err, ERR_USAGE, "deploy",
                       "HostConfig.NetworkMode in %s must be a short text", unit->container);
    if (strcmp(out->mode, "default") == 0)
        out->mode[0] = 0;
    if (add_endpoints(file, unit, out, err))
        return ERR_FAIL;
    if (unit->slot_names[SLOT_BLUE][0] && add_slot(unit, out, err))
        return ERR_FAIL;
    order(out);
    return 0;
}

static void write_aliases(struct json_writer *w, struct json_node aliases, const char *alias)
{
    jw_array(w, "Aliases");
    for (struct json_node at = json_first(aliases); at.doc; at = json_next(aliases, at, NULL))
        jw_raw(w, NULL, json_raw(at));
    jw_string(w, NULL, alias);
    jw_end(w);
}

void spec_network_endpoint(const struct spec_network *network, const char *alias, struct text *out)
{
    struct json_node name, value = {0};
    struct json_writer w;

    jw_init(&w, out, true);
    jw_object(&w, NULL);
    while ((value = json_next(network->endpoint, value, &name)).doc) {
        char text[SPEC_NETWORK_SIZE];

        if (json_string(name, text, sizeof text) && !(network->slot && json_names(name, "Aliases")))
            jw_raw(&w, text, json_raw(value));
    }
    if (network->slot)
        write_aliases(&w, json_get(network->endpoint, "Aliases"), alias);
    jw_end(&w);
}
