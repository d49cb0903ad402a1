/*
 * Reads the list of containers. The list is parsed whole: it repeats the labels, which are part of
 * the result.
 */
#include "docker/container_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/json_write.h"
#include "docker/container_request.h"
#include "docker/container_words.h"
#include "docker/docker.h"
#include "docker/request.h"

/* ---- one container ---- */

/* Legacy links add names such as "/other/alias". A container that is being removed has none. */
static void read_name(struct json_node names, char out[DOCKER_NAME_SIZE])
{
    struct json_node at = json_first(names);

    out[0] = '\0';
    while (at.doc && !container_read_name(at, out))
        at = json_next(names, at, NULL);
}

static int read_listed(struct json_node node, struct docker_listed_container *out, struct err *err)
{
    struct json_node health = json_get(json_get(node, "Health"), "Status"); /* since API 1.52 */

    *out = (struct docker_listed_container){0};
    if (!container_read_id(json_get(node, "Id"), out->id) ||
        !container_read_state(json_get(node, "State"), &out->state))
        return err_set(err, ERR_DOCKER, CODE_CONTAINERS,
                       "the daemon's list of containers has one without an id or a known state");
    read_name(json_get(node, "Names"), out->name);
    container_read_image(json_get(node, "ImageID"), out->image_id);
    json_int(json_get(node, "Created"), &out->created);
    out->health = json_present(health) ? container_read_health(health)
                                       : container_health_of_status(json_get(node, "Status"));
    out->labels = json_get(node, "Labels");
    return 0;
}

/* Returns true if the container has the label "NAME" or "NAME=VALUE". The daemon has filtered the
 * list; this makes sure. */
static bool has_label(const struct docker_listed_container *container, const char *label)
{
    struct json_node name, at = {0};
    const char *equals = label ? strchr(label, '=') : NULL;
    char wanted[DOCKER_LABEL_MAX];

    if (!label)
        return true;
    str_copy(wanted, sizeof wanted, label);
    if (equals)
        wanted[equals - label] = '\0';
    for (at = json_next(container->labels, at, &name); at.doc;
         at = json_next(container->labels, at, &name))
        if (json_string_equals(name, wanted))
            return !equals || json_string_equals(at, equals + 1);
    return false;
}

/* ---- the list ---- */

int docker_container_list_read(struct json *document, const char *label,
                               struct docker_container_list *out, struct err *err)
{
    struct json_node root = json_root(document), at = json_first(root);
    size_t count = json_count(root);

    *out = (struct docker_container_list){.document = document};
    if (json_kind(root) != JSON_ARRAY || count > DOCKER_CONTAINERS_MAX)
        return err_set(err, ERR_DOCKER, CODE_CONTAINERS,
                       "the daemon's list of containers is no list, or longer than %d",
                       DOCKER_CONTAINERS_MAX);
    out->containers = calloc(count + 1, sizeof *out->containers);
    if (!out->containers)
        return err_memory(err, "the list of containers");
    for (; at.doc; at = json_next(root, at, NULL)) {
        if (read_listed(at, &out->containers[out->count], err) < 0)
            return ERR_FAIL;
        if (has_label(&out->containers[out->count], label))
            out->count++;
    }
    return 0;
}

void docker_container_list_finish(struct docker_container_list *list)
{
    free(list->containers);
    json_destroy(list->document);
    *list = (struct docker_container_list){0};
}

/* Writes the path, with {"label":["NAME=VALUE"]} as its filter. */
static int list_path(const char *label, struct text *path, struct err *err)
{
    _cleanup_text_ struct text filters = {0};
    struct json_writer w;

    text_init(path, DOCKER_PATH_MAX);
    text_init(&filters, DOCKER_PATH_MAX);
    text_str(path, "/containers/json?all=1");
    if (label && strlen(label) >= DOCKER_LABEL_MAX)
        return err_set(err, ERR_USAGE, CODE_CONTAINER, "the label %.100s is too long", label);
    if (label) {
        jw_init(&w, &filters, true);
        jw_object(&w, NULL);
        jw_array(&w, "label");
        jw_string(&w, NULL, label);
        jw_end(&w);
        jw_end(&w);
        text_str(path, "&filters=");
        text_percent(path, filters.data, "");
    }
    return text_check(path, "a request to the daemon", err);
}

static int read_list(const struct container_reply *reply, const char *label,
                     struct docker_container_list *out, struct err *err)
{
    struct json *document;

    if (reply->status != 200)
        return container_refuse(reply, CODE_REFUSED, "listing the containers", err);
    if (docker_read_document(text_view(&reply->body), &document, err) < 0)
        return ERR_FAIL;
    return docker_container_list_read(document, label, out, err);
}

int docker_list_containers(struct docker *docker, const char *label,
                           struct docker_container_list *out, struct err *err)
{
    _cleanup_text_ struct text path = {0};
    struct container_reply reply;
    int failed;

    *out = (struct docker_container_list){0};
    if (list_path(label, &path, err) < 0)
        return ERR_FAIL;
    failed = container_ask_path(docker, "GET", path.data, view_of(NULL, 0), &reply, err);
    if (failed == 0)
        failed = read_list(&reply, label, out, err);
    container_reply_finish(&reply);
    if (failed < 0)
        docker_container_list_finish(out);
    return failed;
}

int docker_list_containers_once(const struct docker_endpoint *endpoint, const struct cancel *cancel,
                                const char *label, struct docker_container_list *out,
                                struct err *err)
{
    struct docker *docker = malloc(sizeof *docker);
    int failed;

    *out = (struct docker_container_list){0};
    if (!docker)
        return err_memory(err, "the daemon");
    docker_init(docker, endpoint, cancel);
    failed = docker_list_containers(docker, label, out, err);
    free(docker);
    return failed;
}
