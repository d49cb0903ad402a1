/*
 * Most requests for containers differ only in their path and in the statuses that count as a
 * success. Daemons report the reason of a refusal as a text; its words distinguish reasons that
 * have the same status.
 */
#include "docker/container_request.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "docker/container_words.h"
#include "docker/messages.h"
#include "docker/request.h"

/* An inspect repeats the environment and the labels, which daemons do not bound. */
#define ANSWER_MAX (16 * MIB)

/* A page instead of a response comes from a proxy: nothing was done. */
static int check_answer(const struct container_reply *reply, struct err *err)
{
    if (reply->status == 200 && reply->body.size > 0 && reply->body.data[0] == '<')
        return err_set(err, ERR_DOCKER, CODE_ANSWER,
                       "the daemon's response is a page, such as that of a proxy");
    return 0;
}

int container_ask_path(struct docker *docker, const char *method, const char *path,
                       struct view body, struct container_reply *reply, struct err *err)
{
    *reply = (struct container_reply){0};
    text_init(&reply->body, ANSWER_MAX);
    if (docker_send(docker, method, path, body, &reply->status, &reply->body, err) < 0) {
        if (err_is(err, ERR_LOCAL, CODE_TOO_LARGE))
            err_set(err, ERR_DOCKER, CODE_ANSWER, "the daemon's response is longer than %zu MiB",
                    ANSWER_MAX / MIB);
        return ERR_FAIL;
    }
    if (reply->status != 200)
        docker_error_message(text_view(&reply->body), reply->said, sizeof reply->said);
    return check_answer(reply, err);
}

int container_read_reply(struct stream *stream, int status, struct container_reply *reply,
                         struct err *err)
{
    *reply = (struct container_reply){.status = status};
    text_init(&reply->body, ANSWER_MAX);
    if (docker_read_all(stream, &reply->body, err) < 0)
        return ERR_FAIL;
    docker_error_message(text_view(&reply->body), reply->said, sizeof reply->said);
    return 0;
}

int container_path(const char *which, const char *rest, struct text *path, struct err *err)
{
    text_init(path, DOCKER_PATH_MAX);
    if (!container_is_name(which))
        return err_set(err, ERR_USAGE, CODE_CONTAINER, "\"%.100s\" is not the name of a container",
                       which);
    text_printf(path, "/containers/%s%s", which, rest);
    return text_check(path, "a request to the daemon", err);
}

int container_ask(struct docker *docker, const char *method, const char *which, const char *rest,
                  struct view body, struct container_reply *reply, struct err *err)
{
    _cleanup_text_ struct text path = {0};

    *reply = (struct container_reply){0};
    if (container_path(which, rest, &path, err) < 0)
        return ERR_FAIL;
    return container_ask_path(docker, method, path.data, body, reply, err);
}

void container_reply_finish(struct container_reply *reply)
{
    text_finish(&reply->body);
}

bool container_said(const struct container_reply *reply, const char *text)
{
    return str_find_any_case(reply->said, text) != NULL;
}

bool container_reply_absent(const struct container_reply *reply)
{
    return reply->status == 404 && container_said(reply, "no such container");
}

int container_refuse(const struct container_reply *reply, const char *code, const char *what,
                     struct err *err)
{
    docker_refused(text_view(&reply->body), reply->status, code, what, err);
    if (docker_is_denied(reply->status) && reply->status != 404)
        err_hint(err, "a proxy before the daemon must allow GET, POST and DELETE of "
                      "/containers/*, GET and POST of /exec/*, and GET and POST of /networks/*");
    return ERR_FAIL;
}

int container_missing(const struct docker *docker, const char *which, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, CODE_CONTAINER, "the daemon at %s has no container %.200s",
            docker->endpoint.host, which);
    return err_hint(err, "docker ps --all lists the containers of the daemon");
}
