/*
 * The container file is the difference to a bare container, so that no table of defaults is needed.
 * Settings that cannot be in two containers at the same time stay, and the order becomes
 * stop-first: the entry works as it is, and its comments state what a change without a gap needs.
 */
#include "deploy/spec/adopt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "deploy/spec/adoption.h"
#include "deploy/spec/labels.h"
#include "deploy/spec/shown.h"
#include "docker/container.h"

#define SPEC_MAX  (1 * MIB)
#define NOTES_MAX (64 * KIB)

static void init(struct adopted *out)
{
    memset(out, 0, sizeof *out);
    text_init_secret(&out->container, SPEC_MAX);
    text_init(&out->entry, 64 * KIB);
    text_init(&out->notes, NOTES_MAX);
}

void adopted_finish(struct adopted *adopted)
{
    text_finish(&adopted->container);
    text_finish(&adopted->entry);
    text_finish(&adopted->notes);
}

/* Adds a text in the quotes of JSON. */
static void add_quoted(struct text *out, const char *value)
{
    struct json_writer w;

    jw_init(&w, out, true);
    jw_string(&w, NULL, value);
}

/* ---- the container file ---- */

static void write_container(struct adoption *a, struct text *out)
{
    text_printf(out,
                "// The settings of the container %s, in the words of the Docker Engine API: what "
                "differs\n"
                "// from its image. s3dock adds image, slot and labels. The file may contain "
                "secrets:\n"
                "// only you should be able to read it.\n",
                a->container->name);
    jw_init(&a->w, out, false);
    jw_object(&a->w, NULL);
    adoption_config(a);
    adoption_host(a);
    adoption_networks(a);
    jw_end(&a->w);
    text_char(out, '\n');
    if (a->left.size)
        text_printf(out, "// Left out:\n%s", a->left.data);
}

/* ---- the entry ---- */

static bool has_healthcheck(const struct adoption *a)
{
    struct json_node first = json_first(json_get(json_get(a->config, "Healthcheck"), "Test"));

    return json_present(first) && !json_string_equals(first, "NONE");
}

/* Returns the first TCP port among the names of a map; 0 if there is none. */
static unsigned first_port(struct json_node ports)
{
    struct json_node name, value = {0};
    char text[ADOPT_NAME_SIZE];

    while ((value = json_next(ports, value, &name)).doc) {
        char *end = text;
        long port = json_string(name, text, sizeof text) ? strtol(text, &end, 10) : 0;

        if (port > 0 && port <= UINT16_MAX && strcmp(end, "/tcp") == 0)
            return (unsigned)port;
    }
    return 0;
}

/* Returns a port that is published, else one that is exposed, else 8080. */
static unsigned find_port(const struct adoption *a)
{
    unsigned published = first_port(json_get(a->host, "PortBindings"));
    unsigned exposed = first_port(json_get(a->config, "ExposedPorts"));

    return published ? published : exposed ? exposed : 8080;
}

static void write_order(const struct adoption *a, unsigned port, struct text *out)
{
    if (!a->fixed) {
        text_printf(
            out,
            "    // For a proxy, two fixed addresses, of which each container takes one:\n"
            "    // port: %u, slots: [18081, 18082],\n"
            "    // traffic: { haproxy: \"/run/haproxy/admin.sock\", backend: \"BACKEND\" },\n",
            port);
        return;
    }
    text_printf(
        out,
        "    // Two containers cannot have the port or address of this one. So the old one is\n"
        "    // stopped before the new one starts. To avoid the gap, give that port to a proxy,\n"
        "    // and remove it from the container file. Then replace order by\n"
        "    // port: %u, slots: [18081, 18082], and traffic.\n"
        "    order: \"stop-first\",\n",
        port);
}

static void write_entry(const struct adoption *a, const char *app, const char *env,
                        const char *file, struct text *out)
{
    unsigned port = find_port(a);

    text_printf(out, "{\n    // %s/%s, as the container %s was started\n    container: ", app, env,
                a->container->name);
    add_quoted(out, file);
    text_str(out, ",\n    name: ");
    add_quoted(out, a->container->name);
    text_str(out, ",\n");
    write_order(a, port, out);
    if (has_healthcheck(a))
        text_str(out, "    health: { docker: true },\n");
    else
        text_str(out, "    // Without a test, a container that runs for 10 s counts as ready.\n"
                      "    // health: { http: \"/healthz\" },\n");
    text_str(out, "}\n");
}

/* The spec of s3dock's own container exists. Labels of the image do not count: `docker commit`
 * copies them. */
static int check_origin(const struct adoption *a, struct err *err)
{
    struct deploy_labels labels, of_image;

    if (!labels_read(json_get(a->config, "Labels"), &labels) ||
        labels_read(json_get(a->bare_config, "Labels"), &of_image))
        return 0;
    err_set(err, ERR_USAGE, CODE_CONTAINER, "%s is a container of the deployment %s already",
            a->container->name, labels.deploy);
    return err_hint(err, "its spec is the container file of that entry");
}

int adopt_write(const struct docker_container *container, const struct docker_container *bare,
                const char *runtime, const char *app, const char *env, const char *file,
                struct adopted *out, struct err *err)
{
    struct json_node root = json_root(container->document), other = json_root(bare->document);
    struct adoption a = {.container = container,
                         .bare = bare,
                         .config = json_get(root, "Config"),
                         .host = json_get(root, "HostConfig"),
                         .bare_config = json_get(other, "Config"),
                         .bare_host = json_get(other, "HostConfig"),
                         .runtime = runtime,
                         .notes = &out->notes};
    int rc;

    init(out);
    if (check_origin(&a, err))
        return ERR_FAIL;
    text_init(&a.left, NOTES_MAX);
    write_container(&a, &out->container);
    if (shown_by_podman(container))
        adoption_note(&a, "Podman does not show Sysctls, the options of the log, and some devices: "
                          "add them to HostConfig if the container has any");
    write_entry(&a, app, env, file, &out->entry);
    rc = text_check(&a.left, "the spec of a container", err) ||
         text_check(&out->container, "the spec of a container", err) ||
         text_check(&out->entry, "the entry of a deployment", err) ||
         text_check(&out->notes, "the notes about a container", err);
    text_finish(&a.left);
    return rc ? ERR_FAIL : 0;
}

/* ---- a new application ---- */

static void write_new_container(const char *app, struct text *out)
{
    text_printf(out,
                "// The settings of the containers of %s, in the words of the Docker Engine API:\n"
                "// docs.docker.com/reference/api/engine, \"Create a container\". s3dock adds "
                "image, slot and\n"
                "// labels. If the file gets secrets: only you should be able to read it.\n"
                "{\n"
                "  // \"User\": \"1000\",\n"
                "  // \"Env\": [\"LOG_LEVEL=info\"],   // secrets belong into an env_file\n"
                "  \"HostConfig\": {\n"
                "    // \"Binds\": [\"/srv/%s:/data\"],\n"
                "    // \"Memory\": 536870912,\n"
                "    \"LogConfig\": {\"Type\": \"json-file\", \"Config\": {\"max-size\": \"10m\", "
                "\"max-file\": \"3\"}},\n"
                "    \"RestartPolicy\": {\"Name\": \"unless-stopped\"}\n"
                "  }\n"
                "}\n",
                app, app);
}

static void write_new_entry(const char *app, const char *env, const char *file, struct text *out)
{
    text_printf(out, "{\n    // %s/%s\n    container: ", app, env);
    add_quoted(out, file);
    text_printf(
        out,
        ",\n"
        "    // env_file: \"%s.env\",\n"
        "    // The port on which the program listens, and two free ports of 127.0.0.1. A proxy\n"
        "    // sends requests to these two. Each container takes one of them.\n"
        "    // port: 8080, slots: [18081, 18082],\n"
        "    // Without a test, a container that runs for 10 s counts as ready.\n"
        "    // health: { http: \"/healthz\", within: \"60s\" },\n"
        "    // One of these makes the proxy use the container that serves:\n"
        "    // traffic: { haproxy: \"/run/haproxy/admin.sock\", backend: \"%s\" },\n"
        "    // traffic: { caddy: \"http://127.0.0.1:2019\", id: \"%s\" },\n"
        "    // traffic: { file: \"/etc/nginx/s3dock/%s.conf\", check: [\"nginx\", \"-t\"], "
        "reload: [\"nginx\", \"-s\", \"reload\"] },\n"
        "    drain: \"30s\",   // for requests that the old container still has\n"
        "    keep: 1,        // old containers that stay, for a rollback\n"
        "}\n",
        app, app, app, app);
}

int adopt_init(const char *app, const char *env, const char *file, struct adopted *out,
               struct err *err)
{
    init(out);
    write_new_container(app, &out->container);
    write_new_entry(app, env, file, &out->entry);
    return text_check(&out->container, "the settings of a container", err) ||
                   text_check(&out->entry, "the entry of a deployment", err)
               ? ERR_FAIL
               : 0;
}
