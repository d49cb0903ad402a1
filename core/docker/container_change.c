/*
 * Requests that change one container. Each is sent once, and never repeated here: a caller that got
 * no response inspects the container.
 */
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/json_write.h"
#include "docker/container.h"
#include "docker/container_request.h"
#include "docker/container_words.h"
#include "docker/docker.h"
#include "docker/request.h"

static const struct view no_body = {0};

/* ---- create ---- */

#define WARNINGS_MAX 32

static void read_warnings(struct json_node warnings, struct text *out)
{
    struct json_node at = json_first(warnings);
    char line[512];

    for (unsigned i = 0; at.doc && i < WARNINGS_MAX; i++, at = json_next(warnings, at, NULL)) {
        container_read_text(at, line, sizeof line);
        if (line[0] && out->size + sizeof line < out->max)
            text_printf(out, "%s\n", line);
    }
}

static int read_created(const struct container_reply *reply, char id[DOCKER_ID_SIZE],
                        struct text *warnings, struct err *err)
{
    struct json *json;
    int failed = docker_read_document(text_view(&reply->body), &json, err);

    if (failed < 0)
        return failed;
    if (!container_read_id(json_get(json_root(json), "Id"), id))
        failed = err_set(err, ERR_DOCKER, CODE_ANSWER,
                         "the daemon does not report the id of the new container");
    else if (warnings)
        read_warnings(json_get(json_root(json), "Warnings"), warnings);
    json_destroy(json);
    return failed;
}

static bool image_is_missing(const struct container_reply *reply)
{
    return reply->status == 404 &&
           (container_said(reply, "no such image") || container_said(reply, "image not known"));
}

/* Podman reports a name that is taken with status 500 or 409. */
static bool name_is_taken(const struct container_reply *reply)
{
    return reply->status >= 400 &&
           (container_said(reply, "already in use") || container_said(reply, "name is in use") ||
            container_said(reply, "is already assigned"));
}

static int refuse_create(const struct docker *docker, const char *name,
                         const struct container_reply *reply, struct err *err)
{
    if (name_is_taken(reply))
        return err_set(err, ERR_CONFLICT, CODE_CONTAINER,
                       "the name %.128s of a container is taken: %s", name, reply->said);
    if (image_is_missing(reply))
        return err_set(err, ERR_NOT_FOUND, CODE_IMAGE,
                       "the daemon at %s has no image for container %.128s: %s",
                       docker->endpoint.host, name, reply->said);
    return container_refuse(reply, CODE_REFUSED, "creating a container", err);
}

int docker_container_create(struct docker *docker, const char *name, struct view body,
                            char id[DOCKER_ID_SIZE], struct text *warnings, struct err *err)
{
    _cleanup_text_ struct text path = {0};
    struct container_reply reply;
    int failed;

    id[0] = '\0';
    if (!container_is_name(name))
        return err_set(err, ERR_USAGE, CODE_CONTAINER, "\"%.100s\" is not the name of a container",
                       name);
    text_init(&path, DOCKER_PATH_MAX);
    text_printf(&path, "/containers/create?name=%s", name);
    failed = container_ask_path(docker, "POST", path.data, body, &reply, err);
    if (failed == 0)
        failed = reply.status == 200 ? read_created(&reply, id, warnings, err)
                                     : refuse_create(docker, name, &reply, err);
    container_reply_finish(&reply);
    return failed;
}

/* ---- start, remove ---- */

/* A proxy's refusal is no property of the container. */
static bool is_proxy_refusal(const struct container_reply *reply)
{
    return docker_is_denied(reply->status) && (reply->status != 404 || !reply->said[0]);
}

/* The daemon can keep an endpoint with the name of a container that is gone. It reports that with
 * status 403, too. */
static bool endpoint_is_left(const struct container_reply *reply)
{
    return container_said(reply, "already exists in network");
}

static int refuse_start(const struct docker *docker, const char *which,
                        const struct container_reply *reply, struct err *err)
{
    if (container_reply_absent(reply))
        return container_missing(docker, which, err);
    if (is_proxy_refusal(reply) && !endpoint_is_left(reply))
        return container_refuse(reply, CODE_REFUSED, "starting a container", err);
    err_set(err, ERR_DOCKER, CODE_START, "the daemon cannot start container %.128s: %s", which,
            reply->said);
    if (endpoint_is_left(reply))
        err_hint(err, "the daemon kept the endpoint of a container that is gone: docker network "
                      "disconnect -f NETWORK ENDPOINT removes it");
    return ERR_FAIL;
}

int docker_container_start(struct docker *docker, const char *which, struct err *err)
{
    struct container_reply reply;
    int failed = container_ask(docker, "POST", which, "/start", no_body, &reply, err);

    if (failed == 0 && reply.status != 200 && reply.status != 304)
        failed = refuse_start(docker, which, &reply, err);
    container_reply_finish(&reply);
    return failed;
}

/* Podman reports status 500 for a container that runs. */
static bool runs(const struct container_reply *reply)
{
    return reply->status == 409 || (reply->status == 500 && container_said(reply, "running"));
}

static int remove_container(struct docker *docker, const char *which, const char *query,
                            struct err *err)
{
    struct container_reply reply;
    int answer = container_ask(docker, "DELETE", which, query, no_body, &reply, err);

    if (answer == 0 && container_reply_absent(&reply))
        answer = DOCKER_ABSENT;
    else if (answer == 0 && runs(&reply))
        answer = err_set(err, ERR_CONFLICT, CODE_CONTAINER, "container %.128s is in use: %s", which,
                         reply.said);
    else if (answer == 0 && reply.status != 200)
        answer = container_refuse(&reply, CODE_REFUSED, "removing a container", err);
    container_reply_finish(&reply);
    return answer;
}

int docker_container_remove(struct docker *docker, const char *which, struct err *err)
{
    return remove_container(docker, which, "?v=0", err);
}

int docker_container_discard(struct docker *docker, const char *which, struct err *err)
{
    return remove_container(docker, which, "?v=1", err);
}

/* ---- update ---- */

static void write_policy(struct text *body, const char *policy, int64_t retries)
{
    struct json_writer w;

    jw_init(&w, body, true);
    jw_object(&w, NULL);
    jw_object(&w, "RestartPolicy");
    jw_string(&w, "Name", policy);
    jw_int(&w, "MaximumRetryCount", retries);
    jw_end(&w);
    jw_end(&w);
}

static int refuse_update(const struct docker *docker, const char *which,
                         const struct container_reply *reply, struct err *err)
{
    if (container_reply_absent(reply))
        return container_missing(docker, which, err);
    if (reply->status == 404 || reply->status == 405 || reply->status == 501)
        return err_set(err, ERR_UNSUPPORTED, CODE_UPDATE,
                       "%s %s cannot change the restart policy of a container",
                       docker->engine.podman ? "Podman" : "the daemon", docker->engine.version);
    return container_refuse(reply, CODE_REFUSED, "changing the restart policy of a container", err);
}

int docker_container_set_restart(struct docker *docker, const char *which, const char *policy,
                                 int64_t retries, struct err *err)
{
    _cleanup_text_ struct text body = {0};
    struct container_reply reply;
    int failed;

    text_init(&body, CONTAINER_BODY_MAX);
    write_policy(&body, policy, retries);
    if (text_check(&body, "a restart policy", err) < 0)
        return ERR_FAIL;
    failed = container_ask(docker, "POST", which, "/update", text_view(&body), &reply, err);
    if (failed == 0 && reply.status != 200)
        failed = refuse_update(docker, which, &reply, err);
    container_reply_finish(&reply);
    return failed;
}

/* ---- rename ---- */

/* Daemons refuse a new name that is the current one, with different statuses and words. */
static int check_name(struct docker *docker, const char *which, const char *name,
                      const struct container_reply *reply, struct err *err)
{
    struct docker_container container;
    int answer = docker_container_inspect(docker, which, &container, err);
    bool has_name = answer == DOCKER_OK && strcmp(container.name, name) == 0;

    docker_container_finish(&container);
    if (answer < 0)
        return ERR_FAIL;
    if (has_name)
        return 0;
    if (reply->status == 409 || name_is_taken(reply))
        return err_set(err, ERR_CONFLICT, CODE_CONTAINER,
                       "the name %.128s of a container is taken: %s", name, reply->said);
    return container_refuse(reply, CODE_REFUSED, "renaming a container", err);
}

int docker_container_rename(struct docker *docker, const char *which, const char *name,
                            struct err *err)
{
    _cleanup_text_ struct text rest = {0};
    struct container_reply reply;
    int failed;

    if (!container_is_name(name))
        return err_set(err, ERR_USAGE, CODE_CONTAINER, "\"%.100s\" is not the name of a container",
                       name);
    text_init(&rest, DOCKER_PATH_MAX);
    text_printf(&rest, "/rename?name=%s", name);
    failed = container_ask(docker, "POST", which, rest.data, no_body, &reply, err);
    if (failed == 0 && container_reply_absent(&reply))
        failed = container_missing(docker, which, err);
    else if (failed == 0 && reply.status != 200)
        failed = is_proxy_refusal(&reply)
                     ? container_refuse(&reply, CODE_REFUSED, "renaming a container", err)
                     : check_name(docker, which, name, &reply, err);
    container_reply_finish(&reply);
    return failed;
}
