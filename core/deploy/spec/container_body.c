/*
 * The body of a create: the members of the container file as they are, but for those to which
 * s3dock adds values of one candidate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json_write.h"
#include "deploy/spec/container_spec.h"
#include "deploy/spec/spec_networks.h"

#define SEVERAL_NETWORKS 44 /* the minor version of the first API that takes them in one create */
#define PORT_SIZE        16

struct body {
    const struct container_spec *spec;
    const struct container_creation *creation;
    const struct spec_networks *networks;
    struct json_writer w;
};

/* ---- parts of the file ---- */

/* Writes the members of an object of the file, without those of `except`, which ends with NULL.
 * Names that are too long were refused when the file was read. */
static void copy_members(struct json_writer *w, struct json_node object, const char *const *except)
{
    struct json_node name, value = {0};

    while ((value = json_next(object, value, &name)).doc) {
        char text[SPEC_NETWORK_SIZE];
        size_t i = 0;

        while (except[i] && !json_names(name, except[i]))
            i++;
        if (!except[i] && json_present(value) && json_string(name, text, sizeof text))
            jw_raw(w, text, json_raw(value));
    }
}

static struct json_node host_config(const struct body *body)
{
    return json_get(json_root(body->spec->json), "HostConfig");
}

/* ---- variables and labels ---- */

static void write_variables(struct body *body)
{
    const struct text *env = &body->spec->env;

    if (!env->size)
        return;
    jw_array(&body->w, "Env");
    for (const char *at = env->data; at < env->data + env->size; at += strlen(at) + 1)
        jw_string(&body->w, NULL, at);
    jw_end(&body->w);
}

static void write_label(struct body *body, const char *label)
{
    size_t size = strcspn(label, "=");
    char name[128];

    snprintf(name, sizeof name, "%.*s", (int)size, label);
    jw_string(&body->w, name, label[size] ? label + size + 1 : "");
}

static void write_labels(struct body *body)
{
    struct json_node labels = json_get(json_root(body->spec->json), "Labels"), name, value = {0};

    jw_object(&body->w, "Labels");
    while ((value = json_next(labels, value, &name)).doc) {
        _cleanup_text_ struct text text = {0};

        text_init(&text, MIB);
        if (json_string_text(name, &text))
            jw_raw(&body->w, text.data, json_raw(value));
    }
    for (const char *const *label = body->creation->labels; label && *label; label++)
        write_label(body, *label);
    jw_end(&body->w);
}

/* ---- the port ---- */

static bool publishes(const struct body *body)
{
    return body->spec->unit->slot_ports[body->creation->slot] != 0;
}

/* Returns true if the name of a member is the port of the unit, with or without "/tcp". */
static bool is_port(const struct body *body, struct json_node name)
{
    char port[PORT_SIZE];

    snprintf(port, sizeof port, "%u/tcp", body->spec->unit->port);
    if (json_string_equals(name, port))
        return true;
    port[strcspn(port, "/")] = 0;
    return json_string_equals(name, port);
}

/* Writes the members of a map of ports, without the port of the unit. */
static void copy_ports(struct body *body, struct json_node ports)
{
    struct json_node name, value = {0};

    while ((value = json_next(ports, value, &name)).doc) {
        char text[SPEC_NETWORK_SIZE];

        if (!is_port(body, name) && json_string(name, text, sizeof text))
            jw_raw(&body->w, text, json_raw(value));
    }
}

static void write_exposed(struct body *body)
{
    struct json_node ports = json_get(json_root(body->spec->json), "ExposedPorts");
    char port[PORT_SIZE];

    if (!publishes(body)) {
        if (json_present(ports))
            jw_raw(&body->w, "ExposedPorts", json_raw(ports));
        return;
    }
    jw_object(&body->w, "ExposedPorts");
    copy_ports(body, ports);
    snprintf(port, sizeof port, "%u/tcp", body->spec->unit->port);
    jw_raw(&body->w, port, view_str("{}"));
    jw_end(&body->w);
}

/* Writes the bindings of the unit's port: those of the file, and the slot's. */
static void write_slot(struct body *body, struct json_node ports)
{
    struct json_node name, value = {0};
    char text[PORT_SIZE];

    snprintf(text, sizeof text, "%u/tcp", body->spec->unit->port);
    jw_array(&body->w, text);
    while ((value = json_next(ports, value, &name)).doc)
        for (struct json_node at = json_first(value); at.doc && is_port(body, name);
             at = json_next(value, at, NULL))
            jw_raw(&body->w, NULL, json_raw(at));
    snprintf(text, sizeof text, "%u", body->spec->unit->slot_ports[body->creation->slot]);
    jw_object(&body->w, NULL);
    jw_string(&body->w, "HostIp", "127.0.0.1");
    jw_string(&body->w, "HostPort", text);
    jw_end(&body->w);
    jw_end(&body->w);
}

static void write_bindings(struct body *body)
{
    struct json_node ports = json_get(host_config(body), "PortBindings");

    if (!publishes(body)) {
        if (json_present(ports))
            jw_raw(&body->w, "PortBindings", json_raw(ports));
        return;
    }
    jw_object(&body->w, "PortBindings");
    copy_ports(body, ports);
    write_slot(body, ports);
    jw_end(&body->w);
}

/* ---- the body ---- */

static void write_host_config(struct body *body)
{
    static const char *const ours[] = {"RestartPolicy", "PortBindings", "NetworkMode", NULL};

    jw_object(&body->w, "HostConfig");
    copy_members(&body->w, host_config(body), ours);
    write_bindings(body);
    jw_string_if(&body->w, "NetworkMode", body->networks->mode);
    jw_object(&body->w, "RestartPolicy");
    jw_string(&body->w, "Name", body->creation->armed ? body->spec->restart : "no");
    if (body->creation->armed && body->spec->restart_retries > 0)
        jw_int(&body->w, "MaximumRetryCount", body->spec->restart_retries);
    jw_end(&body->w);
    jw_end(&body->w);
}

/* Returns how many of the networks the body contains. */
static unsigned networks_in_body(const struct spec_networks *networks,
                                 const struct container_creation *creation)
{
    const char *version = creation->api_version ? creation->api_version : "";
    char *dot = NULL;
    long major = strtol(version, &dot, 10), minor = *dot == '.' ? strtol(dot + 1, NULL, 10) : 0;
    bool several = major > 1 || (major == 1 && minor >= SEVERAL_NETWORKS);

    return several || networks->count == 0 ? networks->count : 1;
}

static void write_networks(struct body *body)
{
    static const char *const ours[] = {"EndpointsConfig", NULL};
    unsigned count = networks_in_body(body->networks, body->creation);
    const char *alias = body->spec->unit->slot_names[body->creation->slot];

    jw_object(&body->w, "NetworkingConfig");
    copy_members(&body->w, json_get(json_root(body->spec->json), "NetworkingConfig"), ours);
    jw_object(&body->w, "EndpointsConfig");
    for (unsigned i = 0; i < count; i++) {
        _cleanup_text_ struct text endpoint = {0};

        text_init(&endpoint, MIB);
        spec_network_endpoint(&body->networks->networks[i], alias, &endpoint);
        jw_raw(&body->w, body->networks->networks[i].name, text_view(&endpoint));
    }
    jw_end(&body->w);
    jw_end(&body->w);
}

int container_spec_body(const struct container_spec *spec,
                        const struct container_creation *creation, struct text *out,
                        struct err *err)
{
    static const char *const ours[] = {
        "Image", "Env", "Labels", "ExposedPorts", "HostConfig", "NetworkingConfig", NULL};
    struct spec_networks networks;
    struct body body = {.spec = spec, .creation = creation, .networks = &networks};

    if (spec_networks_find(json_root(spec->json), spec->unit, &networks, err))
        return ERR_FAIL;
    jw_init(&body.w, out, true);
    jw_object(&body.w, NULL);
    jw_string(&body.w, "Image", creation->image);
    copy_members(&body.w, json_root(spec->json), ours);
    write_variables(&body);
    write_labels(&body);
    write_exposed(&body);
    write_host_config(&body);
    write_networks(&body);
    jw_end(&body.w);
    return text_check(out, "the body of a create", err);
}

int container_spec_networks(const struct container_spec *spec,
                            const struct container_creation *creation,
                            int (*each)(void *arg, const char *network, struct view endpoint,
                                        struct err *err),
                            void *arg, struct err *err)
{
    struct spec_networks networks;

    if (spec_networks_find(json_root(spec->json), spec->unit, &networks, err))
        return ERR_FAIL;
    for (unsigned i = networks_in_body(&networks, creation); i < networks.count; i++) {
        _cleanup_text_ struct text endpoint = {0};

        text_init(&endpoint, MIB);
        spec_network_endpoint(&networks.networks[i], spec->unit->slot_names[creation->slot],
                              &endpoint);
        if (text_check(&endpoint, "the settings of a network", err) ||
            each(arg, networks.networks[i].name, text_view(&endpoint), err))
            return ERR_FAIL;
    }
    return 0;
}
