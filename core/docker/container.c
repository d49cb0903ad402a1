/*
 * Reads the inspect of a container. The whole document is kept: other floors compare its members
 * with a spec. Values by which s3dock decides are copied out and checked.
 */
#include "docker/container.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "docker/container_request.h"
#include "docker/container_words.h"
#include "docker/docker.h"
#include "docker/request.h"
#include "os/address.h"

/* ---- members ---- */

/* Falls back to the flags if a daemon uses a word that is not known here. */
static bool read_state_word(struct json_node state, enum container_state *out)
{
    if (container_read_state(json_get(state, "Status"), out))
        return true;
    if (json_bool(json_get(state, "Restarting"), false))
        *out = CONTAINER_RESTARTING;
    else if (json_bool(json_get(state, "Paused"), false))
        *out = CONTAINER_PAUSED;
    else if (json_bool(json_get(state, "Running"), false))
        *out = CONTAINER_RUNNING;
    else
        *out = CONTAINER_EXITED;
    return json_kind(json_get(state, "Running")) == JSON_BOOL;
}

static void read_int(struct json_node node, int64_t least, int64_t *out)
{
    int64_t value;

    if (json_int(node, &value) && value >= least)
        *out = value;
}

static bool read_state(struct json_node state, struct docker_container *out)
{
    out->health = container_read_health(json_get(json_get(state, "Health"), "Status"));
    out->oom_killed = json_bool(json_get(state, "OOMKilled"), false);
    container_read_text(json_get(state, "StartedAt"), out->started_at, sizeof out->started_at);
    container_read_text(json_get(state, "Error"), out->error, sizeof out->error);
    read_int(json_get(state, "Pid"), 0, &out->pid);
    read_int(json_get(state, "ExitCode"), INT64_MIN, &out->exit_code);
    return read_state_word(state, &out->state);
}

static void read_settings(struct json_node root, struct docker_container *out)
{
    struct json_node config = json_get(root, "Config");
    struct json_node policy = json_get(json_get(root, "HostConfig"), "RestartPolicy");

    container_read_text(json_get(policy, "Name"), out->restart_policy, sizeof out->restart_policy);
    read_int(json_get(policy, "MaximumRetryCount"), 0, &out->restart_retries);
    read_int(json_get(root, "RestartCount"), 0, &out->restart_count);
    out->tty = json_bool(json_get(config, "Tty"), false);
    container_read_signal(json_get(config, "StopSignal"), out->stop_signal,
                          sizeof out->stop_signal);
    out->stop_timeout = -1;
    read_int(json_get(config, "StopTimeout"), 0, &out->stop_timeout);
}

int docker_container_read(struct json *document, struct docker_container *out, struct err *err)
{
    struct json_node root = json_root(document);

    *out = (struct docker_container){.document = document};
    if (!container_read_id(json_get(root, "Id"), out->id))
        return err_set(err, ERR_DOCKER, CODE_INSPECT,
                       "the daemon does not report the id of a container");
    if (!container_read_name(json_get(root, "Name"), out->name))
        return err_set(err, ERR_DOCKER, CODE_INSPECT,
                       "the daemon does not report the name of container %.12s", out->id);
    container_read_image(json_get(root, "Image"), out->image_id);
    if (!read_state(json_get(root, "State"), out))
        return err_set(err, ERR_DOCKER, CODE_INSPECT,
                       "the daemon does not report whether container %s runs", out->name);
    read_settings(root, out);
    return 0;
}

/* ---- requests ---- */

/* Podman reports a stop timeout of 0 if none is set. */
static void correct_timeout(const struct docker *docker, struct docker_container *out)
{
    if (docker->engine.podman && out->stop_timeout == 0)
        out->stop_timeout = -1;
}

static int read_reply(const struct container_reply *reply, struct docker_container *out,
                      struct err *err)
{
    struct json *document;

    if (container_reply_absent(reply))
        return DOCKER_ABSENT;
    if (reply->status != 200)
        return container_refuse(reply, CODE_REFUSED, "inspecting a container", err);
    if (docker_read_document(text_view(&reply->body), &document, err) < 0)
        return ERR_FAIL;
    return docker_container_read(document, out, err);
}

int docker_container_inspect(struct docker *docker, const char *which, struct docker_container *out,
                             struct err *err)
{
    struct container_reply reply;
    int answer;

    *out = (struct docker_container){0};
    answer = container_ask(docker, "GET", which, "/json", view_of(NULL, 0), &reply, err);
    if (answer == 0)
        answer = read_reply(&reply, out, err);
    container_reply_finish(&reply);
    if (answer < 0)
        docker_container_finish(out);
    else
        correct_timeout(docker, out);
    return answer;
}

void docker_container_finish(struct docker_container *container)
{
    json_destroy(container->document);
    *container = (struct docker_container){0};
}

/* ---- values ---- */

bool docker_container_label(const struct docker_container *container, const char *label, char *out,
                            size_t size)
{
    struct json_node labels =
        json_get(json_get(json_root(container->document), "Config"), "Labels");

    return docker_label(labels, label, out, size);
}

/* Unlike json_get, this compares exactly: labels that differ in case are different labels. */
bool docker_label(struct json_node labels, const char *label, char *out, size_t size)
{
    struct json_node name, at = {0};

    out[0] = '\0';
    for (at = json_next(labels, at, &name); at.doc; at = json_next(labels, at, &name))
        if (json_string_equals(name, label))
            return json_string(at, out, size);
    return false;
}

static bool read_address(struct json_node network, char out[64])
{
    uint8_t binary[16];

    if (json_string(json_get(network, "IPAddress"), out, 64) && os_parse_ipv4(out, binary))
        return true;
    if (json_string(json_get(network, "GlobalIPv6Address"), out, 64) && os_parse_ipv6(out, binary))
        return true;
    out[0] = '\0';
    return false;
}

bool docker_container_address(const struct docker_container *container, const char *network,
                              char out[64])
{
    struct json_node networks =
        json_get(json_get(json_root(container->document), "NetworkSettings"), "Networks");
    struct json_node name, at = {0};

    out[0] = '\0';
    for (at = json_next(networks, at, &name); at.doc; at = json_next(networks, at, &name))
        if ((!*network || json_string_equals(name, network)) && read_address(at, out))
            return true;
    return false;
}
