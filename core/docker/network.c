/*
 * Requests for networks. A network may have any name, so names are encoded in paths.
 */
#include "docker/network.h"

#include "base/codes.h"
#include "base/err.h"
#include "base/json_write.h"
#include "docker/container.h"
#include "docker/container_request.h"
#include "docker/docker.h"
#include "docker/request.h"

static int network_path(const char *name, const char *rest, struct text *path, struct err *err)
{
    text_init(path, DOCKER_PATH_MAX);
    if (!*name || *name == '.')
        return err_set(err, ERR_USAGE, CODE_NETWORK, "\"%.100s\" is not the name of a network",
                       name);
    text_str(path, "/networks/");
    text_percent(path, name, "");
    text_str(path, rest);
    return text_check(path, "a request to the daemon", err);
}

/* The daemon's own 404, not that of a proxy. */
static bool network_is_absent(const struct container_reply *reply)
{
    return reply->status == 404 && container_said(reply, "network");
}

int docker_network_exists(struct docker *docker, const char *name, struct err *err)
{
    _cleanup_text_ struct text path = {0};
    struct container_reply reply;
    int answer;

    if (network_path(name, "", &path, err) < 0)
        return ERR_FAIL;
    answer = container_ask_path(docker, "GET", path.data, view_of(NULL, 0), &reply, err);
    if (answer == 0 && network_is_absent(&reply))
        answer = DOCKER_ABSENT;
    else if (answer == 0 && reply.status != 200)
        answer = container_refuse(&reply, CODE_REFUSED, "inspecting a network", err);
    container_reply_finish(&reply);
    return answer;
}

static int refuse_connect(const struct docker *docker, const char *which,
                          const struct container_reply *reply, struct err *err)
{
    if (container_said(reply, "already exists in network") ||
        container_said(reply, "already connected"))
        return 0;
    if (container_reply_absent(reply))
        return container_missing(docker, which, err);
    return container_refuse(reply, CODE_REFUSED, "connecting a container with a network", err);
}

/* Docker connects a container that has not run yet with a network that does not exist, and then
 * fails to start it. */
static int require_network(struct docker *docker, const char *network, struct err *err)
{
    int answer = docker_network_exists(docker, network, err);

    if (answer != DOCKER_ABSENT)
        return answer;
    err_set(err, ERR_NOT_FOUND, CODE_NETWORK, "the daemon at %s has no network %.128s",
            docker->endpoint.host, network);
    return err_hint(err, "create it: docker network create %.128s", network);
}

static void write_connect(struct text *body, const char *which, struct view endpoint)
{
    struct json_writer w;

    text_init(body, CONTAINER_BODY_MAX);
    jw_init(&w, body, true);
    jw_object(&w, NULL);
    jw_string(&w, "Container", which);
    if (endpoint.size)
        jw_raw(&w, "EndpointConfig", endpoint);
    jw_end(&w);
}

int docker_container_connect(struct docker *docker, const char *which, const char *network,
                             struct view endpoint, struct err *err)
{
    _cleanup_text_ struct text path = {0}, body = {0};
    struct container_reply reply;
    int failed;

    write_connect(&body, which, endpoint);
    if (text_check(&body, "a network of a container", err) < 0 ||
        network_path(network, "/connect", &path, err) < 0 ||
        require_network(docker, network, err) < 0)
        return ERR_FAIL;
    failed = container_ask_path(docker, "POST", path.data, text_view(&body), &reply, err);
    if (failed == 0 && reply.status != 200)
        failed = refuse_connect(docker, which, &reply, err);
    container_reply_finish(&reply);
    return failed;
}
