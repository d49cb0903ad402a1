/*
 * Sends a signal. Podman before 4.7 starts a container again after a signal that ends it, if it has
 * a restart policy: there, s3dock sends a stop request instead. That request ends with the
 * container, so the response is awaited for a moment only; Podman continues the stop without the
 * connection.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "docker/container.h"
#include "docker/container_request.h"
#include "docker/docker.h"
#include "docker/request.h"

#define STOP_AWAITED (2 * NS_PER_S) /* at most */
#define STOP_LONGEST 86400 /* seconds until Podman sends SIGKILL itself: callers send it earlier */

/* Docker 17.03 and Podman report status 500 for a container that does not run. Podman has two
 * texts: the container may end while the signal is sent. */
static bool does_not_run(const struct container_reply *reply)
{
    return (reply->status == 409 || reply->status == 500) &&
           (container_said(reply, "is not running") ||
            container_said(reply, "can only kill running") ||
            container_said(reply, "container state improper"));
}

static int read_reply(const struct container_reply *reply, struct err *err)
{
    if (container_reply_absent(reply) || does_not_run(reply) || reply->status == 304)
        return DOCKER_ABSENT;
    if (reply->status != 200)
        return container_refuse(reply, CODE_REFUSED, "sending a signal to a container", err);
    return DOCKER_OK;
}

static int send_signal(struct docker *docker, const char *which, const char *signal,
                       struct err *err)
{
    _cleanup_text_ struct text rest = {0};
    struct container_reply reply;
    int answer;

    text_init(&rest, 128);
    text_str(&rest, "/kill?signal=");
    text_percent(&rest, signal, "");
    if (text_check(&rest, "a signal", err) < 0)
        return ERR_FAIL;
    answer = container_ask(docker, "POST", which, rest.data, view_of(NULL, 0), &reply, err);
    if (answer == 0)
        answer = read_reply(&reply, err);
    container_reply_finish(&reply);
    return answer;
}

/* ---- Podman before 4.7 ---- */

static int read_stop(struct stream *stream, struct err *err)
{
    struct container_reply reply;
    int status, answer = stream_status(stream, &status, err);

    if (answer < 0) /* it runs still */
        return err_is(err, ERR_DOCKER, CODE_TIMEOUT) ? DOCKER_OK : ERR_FAIL;
    answer = container_read_reply(stream, status, &reply, err);
    if (answer == 0)
        answer = read_reply(&reply, err);
    container_reply_finish(&reply);
    return answer;
}

/* Podman accepts the stop of a container that does not run. */
static int require_running(struct docker *docker, const char *which, struct err *err)
{
    struct docker_container container;
    int answer = docker_container_inspect(docker, which, &container, err);

    if (answer == DOCKER_OK &&
        (container.state == CONTAINER_CREATED || container.state == CONTAINER_ENDED ||
         container.state == CONTAINER_EXITED))
        answer = DOCKER_ABSENT;
    docker_container_finish(&container);
    return answer;
}

static int send_stop(struct docker *docker, const char *which, struct err *err)
{
    int64_t patience = docker->endpoint.patience;
    struct docker_sent sent = {.within =
                                   patience && patience < STOP_AWAITED ? patience : STOP_AWAITED};
    _cleanup_text_ struct text path = {0};
    struct stream *stream;
    int answer = require_running(docker, which, err);

    if (answer != DOCKER_OK)
        return answer;
    if (container_path(which, "/stop", &path, err) < 0)
        return ERR_FAIL;
    text_printf(&path, "?t=%d", STOP_LONGEST);
    stream = docker_open_stream(docker, "POST", path.data, &sent, err);
    if (!stream)
        return ERR_FAIL;
    answer = read_stop(stream, err);
    stream_close(stream);
    return answer;
}

/* A version that cannot be read counts as old: a stop is right with every version. */
static bool restarts_after_kill(const struct docker_engine *engine)
{
    char *end = NULL;
    unsigned long major = strtoul(engine->version, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

    return engine->podman && (major < 4 || (major == 4 && minor < 7));
}

int docker_container_kill(struct docker *docker, const char *which, const char *signal,
                          struct err *err)
{
    if (restarts_after_kill(&docker->engine) && strcmp(signal, "SIGKILL") != 0)
        return send_stop(docker, which, err);
    return send_signal(docker, which, signal, err);
}
