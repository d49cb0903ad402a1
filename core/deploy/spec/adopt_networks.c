/*
 * The networks, with the settings that a user gave them. Addresses and ids belong to one container.
 */
#include <string.h>

#include "deploy/spec/adoption.h"
#include "deploy/spec/same.h"
#include "docker/container.h"

static struct json_node networks_of(const struct docker_container *container)
{
    return json_get(json_get(json_root(container->document), "NetworkSettings"), "Networks");
}

/* Returns true for names that the daemon gives: the short id, the host name, the container's
 * name. */
static bool is_own_name(const struct adoption *a, struct json_node alias)
{
    char text[ADOPT_NAME_SIZE];

    if (!json_string(alias, text, sizeof text))
        return true;
    return (strlen(text) == ADOPT_ID_SIZE && strncmp(text, a->container->id, ADOPT_ID_SIZE) == 0) ||
           strcmp(text, a->container->name) == 0 ||
           json_string_equals(json_get(a->config, "Hostname"), text);
}

static bool has_aliases(const struct adoption *a, struct json_node endpoint)
{
    struct json_node list = json_get(endpoint, "Aliases");

    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL))
        if (!is_own_name(a, at))
            return true;
    return false;
}

static bool has_address(struct json_node endpoint)
{
    struct json_node ipam = json_get(endpoint, "IPAMConfig");

    return !same_empty(json_get(ipam, "IPv4Address")) || !same_empty(json_get(ipam, "IPv6Address"));
}

/* Returns true if a user gave settings to the network. */
static bool has_settings(const struct adoption *a, struct json_node endpoint)
{
    return has_aliases(a, endpoint) || has_address(endpoint) ||
           !same_empty(json_get(endpoint, "DriverOpts")) ||
           !same_empty(json_get(endpoint, "GwPriority"));
}

/* Returns true if the mode alone makes the same networks. */
static bool mode_is_enough(const struct adoption *a, struct json_node networks)
{
    struct json_node name, endpoint = json_next(networks, (struct json_node){0}, &name);
    struct json_node mode = json_get(a->host, "NetworkMode");

    if (json_string_equals(mode, "host") || json_string_equals(mode, "none") || !endpoint.doc)
        return true;
    if (json_count(networks) > 1 || has_settings(a, endpoint))
        return false;
    return same_scalar(name, mode) || same_member(networks_of(a->bare), name).doc;
}

static void write_aliases(struct adoption *a, struct json_node endpoint)
{
    struct json_node list = json_get(endpoint, "Aliases");

    if (!has_aliases(a, endpoint))
        return;
    jw_array(&a->w, "Aliases");
    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL))
        if (!is_own_name(a, at))
            json_copy(&a->w, NULL, at);
    jw_end(&a->w);
}

static void write_endpoint(struct adoption *a, const char *name, struct json_node endpoint)
{
    static const char *const kept[] = {"DriverOpts", "GwPriority"};
    struct json_node links = json_get(endpoint, "Links");

    jw_object(&a->w, name);
    write_aliases(a, endpoint);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (!same_empty(json_get(endpoint, kept[i])))
            json_copy(&a->w, kept[i], json_get(endpoint, kept[i]));
    if (has_address(endpoint)) {
        json_copy(&a->w, "IPAMConfig", json_get(endpoint, "IPAMConfig"));
        a->fixed = true;
    }
    jw_end(&a->w);
    if (!same_empty(links))
        adoption_leave(a, "NetworkingConfig.EndpointsConfig.Links", links,
                       "they bind it to containers that may be replaced: use aliases");
}

void adoption_networks(struct adoption *a)
{
    struct json_node networks = networks_of(a->container), name, endpoint = {0};

    if (mode_is_enough(a, networks))
        return;
    jw_object(&a->w, "NetworkingConfig");
    jw_object(&a->w, "EndpointsConfig");
    while ((endpoint = json_next(networks, endpoint, &name)).doc) {
        char text[ADOPT_NAME_SIZE];

        if (json_string(name, text, sizeof text) && *text)
            write_endpoint(a, text, endpoint);
    }
    jw_end(&a->w);
    jw_end(&a->w);
}
