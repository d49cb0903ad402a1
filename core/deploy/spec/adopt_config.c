/*
 * The members of the top level: those of Config that differ from the bare container.
 */
#include <string.h>
#include <strings.h>

#include "deploy/spec/adoption.h"
#include "deploy/spec/same.h"
#include "docker/container.h"

#define TEXT_SIZE (64 * KIB)

/* Members that belong to the image or to one start, or that have a function of their own. */
static const char *const skipped[] = {
    "Image",      "AttachStdin", "AttachStdout",    "AttachStderr", "OnBuild",
    "Env",        "Labels",      "ExposedPorts",    "Volumes",      "Cmd",
    "Entrypoint", "MacAddress",  "NetworkDisabled", "Hostname",
};

static bool is_skipped(struct json_node name)
{
    for (size_t i = 0; i < ARRAY_SIZE(skipped); i++)
        if (json_names(name, skipped[i]))
            return true;
    return false;
}

static void write_others(struct adoption *a)
{
    struct json_node name, value = {0};

    while ((value = json_next(a->config, value, &name)).doc) {
        char text[ADOPT_NAME_SIZE];

        if (!is_skipped(name) && json_string(name, text, sizeof text) &&
            adoption_differs(value, json_get(a->bare_config, text)))
            json_copy(&a->w, text, value);
    }
}

/* ---- the host name ---- */

/* Returns true if the container has the name of another one: of the host, or of a container. */
static bool borrows_name(const struct adoption *a)
{
    struct json_node mode = json_get(a->host, "NetworkMode");
    char text[ADOPT_NAME_SIZE];

    return json_string_equals(json_get(a->host, "UTSMode"), "host") ||
           (json_string(mode, text, sizeof text) &&
            (strcmp(text, "host") == 0 || strncmp(text, "container:", 10) == 0));
}

static void write_hostname(struct adoption *a)
{
    char name[ADOPT_NAME_SIZE];

    if (!json_string(json_get(a->config, "Hostname"), name, sizeof name) || !*name ||
        borrows_name(a) ||
        (strlen(name) == ADOPT_ID_SIZE && strncmp(name, a->container->id, ADOPT_ID_SIZE) == 0))
        return;
    jw_string(&a->w, "Hostname", name);
    adoption_note(a, "Hostname: each container has the host name %s", name);
}

/* ---- the command ---- */

/* Entrypoint and Cmd belong together: with an entry point, the Engine drops the Cmd of the image.
 * [""] removes the entry point of the image. */
static void write_command(struct adoption *a)
{
    struct json_node entrypoint = json_get(a->config, "Entrypoint");
    struct json_node cmd = json_get(a->config, "Cmd");
    bool other = !same_value(entrypoint, json_get(a->bare_config, "Entrypoint"));

    if (other && same_empty(entrypoint)) {
        jw_array(&a->w, "Entrypoint");
        jw_string(&a->w, NULL, "");
        jw_end(&a->w);
    } else if (other) {
        json_copy(&a->w, "Entrypoint", entrypoint);
    }
    if (!same_empty(cmd) && (other || !same_value(cmd, json_get(a->bare_config, "Cmd"))))
        json_copy(&a->w, "Cmd", cmd);
}

/* ---- variables ---- */

/* Returns true if an element of the list has the name of `variable`. */
static bool names_variable(struct json_node list, struct json_node variable)
{
    _cleanup_text_ struct text a = {0}, b = {0};

    text_init_secret(&a, TEXT_SIZE);
    text_init_secret(&b, TEXT_SIZE);
    json_string_text(variable, &a);
    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL)) {
        size_t size = strcspn(a.size ? a.data : "", "=");

        text_clear(&b);
        if (json_string_text(at, &b) && size && b.size >= size &&
            memcmp(a.data, b.data, size) == 0 && (b.data[size] == '=' || !b.data[size]))
            return true;
    }
    return false;
}

/* Podman sets HOSTNAME. */
static bool is_hostname(const struct adoption *a, struct json_node variable)
{
    char name[ADOPT_NAME_SIZE], text[ADOPT_NAME_SIZE];

    return json_string(variable, text, sizeof text) && strncmp(text, "HOSTNAME=", 9) == 0 &&
           json_string(json_get(a->config, "Hostname"), name, sizeof name) &&
           strcmp(text + 9, name) == 0;
}

/* Writes an element of Env. The first one opens the list. */
static void write_variable(struct adoption *a, struct json_node variable, bool removed, bool *open)
{
    char text[ADOPT_NAME_SIZE] = "";

    if (removed)
        json_string(variable, text, sizeof text);
    text[strcspn(text, "=")] = 0;
    if (removed && !*text)
        return;
    if (!*open)
        jw_array(&a->w, "Env");
    *open = true;
    if (removed)
        jw_string(&a->w, NULL, text);
    else
        json_copy(&a->w, NULL, variable);
}

/* Writes the variables that the image does not have. Writes the names of those that only the image
 * has: without "=", a name removes the variable. */
static void write_variables(struct adoption *a)
{
    struct json_node list = json_get(a->config, "Env"), bare = json_get(a->bare_config, "Env");
    bool open = false;

    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL))
        if (!same_listed(bare, at) && !is_hostname(a, at))
            write_variable(a, at, false, &open);
    for (struct json_node at = json_first(bare); at.doc; at = json_next(bare, at, NULL))
        if (!names_variable(list, at))
            write_variable(a, at, true, &open);
    if (open)
        jw_end(&a->w);
}

/* ---- maps ---- */

static bool is_foreign_label(const char *name)
{
    return strncmp(name, "com.docker.compose.", 19) == 0 || strncmp(name, "dev.s3dock.", 11) == 0;
}

/* Writes the labels that the image does not have, but for those of compose and of s3dock. */
static void write_labels(struct adoption *a)
{
    struct json_node labels = json_get(a->config, "Labels"), name, value = {0};
    struct json_node bare = json_get(a->bare_config, "Labels");
    char service[ADOPT_NAME_SIZE] = "";
    bool open = false;

    while ((value = json_next(labels, value, &name)).doc) {
        _cleanup_text_ struct text text = {0};

        text_init(&text, TEXT_SIZE);
        if (!json_string_text(name, &text))
            continue;
        if (strcmp(text.data, "com.docker.compose.service") == 0)
            json_string(value, service, sizeof service);
        if (is_foreign_label(text.data) || same_value(value, same_member(bare, name)))
            continue;
        if (!open)
            jw_object(&a->w, "Labels");
        open = true;
        json_copy(&a->w, text.data, value);
    }
    if (open)
        jw_end(&a->w);
    if (*service)
        adoption_note(a,
                      "Labels of compose are left out: take the service %s out of the compose "
                      "file, or compose replaces the container",
                      service);
}

/* Writes the members of a set that the bare container does not have. */
static void write_set(struct adoption *a, const char *set)
{
    struct json_node members = json_get(a->config, set), name, value = {0};
    struct json_node bare = json_get(a->bare_config, set);
    bool volumes = strcmp(set, "Volumes") == 0, open = false;

    while ((value = json_next(members, value, &name)).doc) {
        char text[ADOPT_NAME_SIZE];

        if (same_member(bare, name).doc || !json_string(name, text, sizeof text) ||
            (volumes && adoption_at_anonymous(a, name)))
            continue;
        if (!open)
            jw_object(&a->w, set);
        open = true;
        json_copy(&a->w, text, value);
    }
    if (open)
        jw_end(&a->w);
}

static void leave_address(struct adoption *a)
{
    struct json_node mac = json_get(a->config, "MacAddress");

    if (!same_empty(mac))
        adoption_leave(a, "MacAddress", mac,
                       "the daemon gives each container its own: two with the same one disturb "
                       "each other");
}

void adoption_config(struct adoption *a)
{
    write_hostname(a);
    write_others(a);
    write_command(a);
    write_variables(a);
    write_labels(a);
    write_set(a, "ExposedPorts");
    write_set(a, "Volumes");
    leave_address(a);
}
