/*
 * A request goes to the daemon's socket as one HTTP/1.1 exchange (http/stream.h). Errors name the
 * daemon's address and its source: flag, DOCKER_HOST or context.
 */
#include "docker/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "docker/messages.h"

#define NAME_MAX_SIZE 512
#define SAID_SIZE     512

/* An inspect repeats the labels of an image, which Docker does not bound. */
static const struct json_limits answer_limits = {
    .bytes = 64 * MIB, .depth = JSON_DEPTH_MAX, .nodes = 1024 * 1024, .as_go = true};

int docker_unanswered(const struct docker *docker, struct err *err)
{
    if (!err_is(err, ERR_DOCKER, CODE_TIMEOUT))
        return ERR_FAIL;
    return err_wrap(err, "the Docker daemon at %s (%s)", docker->endpoint.host,
                    docker->endpoint.origin);
}

struct stream *docker_open_stream(struct docker *docker, const char *method, const char *path,
                                  const struct docker_sent *sent, struct err *err)
{
    struct stream_peer peer = docker->peer;
    char full[DOCKER_PATH_MAX + 32];
    const char *version = docker->engine.api_version;
    struct stream *stream;

    snprintf(full, sizeof full, "%s%s%s", *version ? "/v" : "", version, path);
    log_debug("docker: %s %s", method, full);
    peer.answer_within = sent->within;
    peer.stop = sent->stop;
    stream = stream_open(&peer, method, full, sent->content_type, sent->body, sent->upload, err);
    if (!stream && err->family == ERR_DOCKER)
        err_wrap(err, "no Docker daemon at %s (%s)", docker->endpoint.host,
                 docker->endpoint.origin);
    return stream;
}

struct stream *docker_request(struct docker *docker, const char *method, const char *path,
                              bool upload, int64_t within, const atomic_bool *stop, struct err *err)
{
    struct docker_sent sent = {.content_type = upload ? "application/x-tar" : NULL,
                               .upload = upload,
                               .within = within,
                               .stop = stop};

    return docker_open_stream(docker, method, path, &sent, err);
}

static void add(void *arg, struct view bytes)
{
    text_add(arg, bytes.data, bytes.size);
}

int docker_read_all(struct stream *stream, struct text *out, struct err *err)
{
    return stream_drain(stream, add, out, err) ? ERR_FAIL
                                               : text_check(out, "a response of the daemon", err);
}

int docker_send(struct docker *docker, const char *method, const char *path, struct view body,
                int *status, struct text *answer, struct err *err)
{
    struct docker_sent sent = {.content_type = body.size ? "application/json" : NULL,
                               .body = body,
                               .within = docker->endpoint.patience};
    struct stream *stream = docker_open_stream(docker, method, path, &sent, err);
    int failed;

    if (!stream)
        return ERR_FAIL;
    failed = stream_status(stream, status, err);
    if (failed == 0)
        failed = docker_read_all(stream, answer, err);
    stream_close(stream);
    return failed < 0 ? docker_unanswered(docker, err) : 0;
}

int docker_ask(struct docker *docker, const char *method, const char *path, int *status,
               struct text *answer, struct err *err)
{
    return docker_send(docker, method, path, view_of(NULL, 0), status, answer, err);
}

bool docker_is_denied(int status)
{
    return status == 401 || status == 403 || status == 404 || status == 405;
}

int docker_refused(struct view answer, int status, const char *code, const char *what,
                   struct err *err)
{
    char said[SAID_SIZE];

    docker_error_message(answer, said, sizeof said);
    if (said[0] == '<') /* the page of a proxy */
        said[0] = '\0';
    err_set(err, ERR_DOCKER, code, "%s: the daemon responded with status %d%s%s", what, status,
            *said ? ": " : "", said);
    if (strstr(said, "is too old") || strstr(said, "is too new"))
        err_hint(err, "unset DOCKER_API_VERSION, so that the version is negotiated");
    else if (docker_is_denied(status) && status != 404)
        err_hint(err, "a proxy before the daemon must allow GET /images/*/json; push also GET "
                      "/images/*/get; pull also POST /images/load and POST /images/*/tag");
    return ERR_FAIL;
}

int docker_read_document(struct view answer, struct json **json, struct err *err)
{
    struct err unread;

    if (json_parse(json, answer, &answer_limits, "the daemon's response", &unread) == 0)
        return 0;
    if (unread.family == ERR_LOCAL) {
        *err = unread;
        return ERR_FAIL;
    }
    return err_set(err, ERR_DOCKER, CODE_ANSWER, "%s", unread.text);
}

int docker_ask_json(struct docker *docker, const char *path, struct json **json, int *status,
                    struct err *err)
{
    struct text answer;
    int failed;

    *json = NULL;
    text_init(&answer, answer_limits.bytes);
    failed = docker_ask(docker, "GET", path, status, &answer, err);
    if (failed == 0 && *status == 200)
        failed = docker_read_document(text_view(&answer), json, err);
    if (failed == 0 && *status != 200 && *status != 404)
        failed = docker_refused(text_view(&answer), *status, "refused", path, err);
    text_finish(&answer);
    return failed;
}

int docker_image_path(const char *name, const char *rest, struct text *path, struct err *err)
{
    if (!*name || *name == '/' || strstr(name, "..") || strstr(name, "//") ||
        strlen(name) > NAME_MAX_SIZE)
        return err_set(err, ERR_USAGE, "reference", "\"%.100s\" is not the name of an image", name);
    text_str(path, "/images/");
    text_percent(path, name, "/:@");
    text_str(path, rest);
    return text_check(path, "a request to the daemon", err);
}

int docker_no_image(const struct docker *docker, const char *name, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, CODE_IMAGE, "the daemon at %s has no image %.200s",
            docker->endpoint.host, name);
    return err_hint(err,
                    "docker images lists the images of the daemon; build or pull the image first");
}
