/*
 * A command in a container is created, started detached, and polled: so there is no stream of its
 * output to parse, and a broken connection does not end it. Podman before 4.6 reports a detached
 * command as running for minutes after its end, so Podman's commands are started attached.
 */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/json_write.h"
#include "docker/container.h"
#include "docker/container_request.h"
#include "docker/request.h"

#define EXEC_ID_SIZE 129
#define POLL_FIRST   (5 * NS_PER_MS) /* doubled after each poll */
#define POLL_MOST    CANCEL_TICK

static int runs_too_long(int64_t limit, struct err *err)
{
    return err_set(err, ERR_DOCKER, CODE_EXEC, "a command in the container runs longer than %.3g s",
                   (double)limit / (double)NS_PER_S);
}

static bool read_exec_id(const struct container_reply *reply, char id[EXEC_ID_SIZE])
{
    struct json *json = NULL;
    struct err ignored;
    bool found = docker_read_document(text_view(&reply->body), &json, &ignored) == 0 &&
                 json_string(json_get(json_root(json), "Id"), id, EXEC_ID_SIZE) && *id &&
                 !id[strspn(id, "0123456789abcdef")];

    json_destroy(json);
    return found;
}

static void write_command(struct text *body, const char *const *argv, bool attached)
{
    struct json_writer w;

    jw_init(&w, body, true);
    jw_object(&w, NULL);
    jw_array(&w, "Cmd");
    for (; *argv; argv++)
        jw_string(&w, NULL, *argv);
    jw_end(&w);
    if (attached) /* Podman attaches to one output at least */
        jw_bool(&w, "AttachStdout", true);
    jw_end(&w);
}

static int create_exec(struct docker *docker, const char *which, const char *const *argv,
                       char id[EXEC_ID_SIZE], struct err *err)
{
    _cleanup_text_ struct text body = {0};
    struct container_reply reply;
    int failed;

    text_init(&body, CONTAINER_BODY_MAX);
    write_command(&body, argv, docker->engine.podman);
    if (text_check(&body, "a command", err) < 0)
        return ERR_FAIL;
    failed = container_ask(docker, "POST", which, "/exec", text_view(&body), &reply, err);
    if (failed == 0 && container_reply_absent(&reply))
        failed = container_missing(docker, which, err);
    else if (failed == 0 && reply.status != 200)
        failed = container_refuse(&reply, CODE_EXEC, "preparing a command in a container", err);
    else if (failed == 0 && !read_exec_id(&reply, id))
        failed =
            err_set(err, ERR_DOCKER, CODE_ANSWER, "the daemon does not report the id of a command");
    container_reply_finish(&reply);
    return failed;
}

static int exec_path(struct text *path, const char *id, const char *rest, struct err *err)
{
    text_init(path, DOCKER_PATH_MAX);
    text_printf(path, "/exec/%s%s", id, rest);
    return text_check(path, "a request to the daemon", err);
}

static int start_detached(struct docker *docker, const char *path, struct err *err)
{
    struct container_reply reply;
    int failed = container_ask_path(docker, "POST", path,
                                    view_str("{\"Detach\":true,\"Tty\":false}"), &reply, err);

    if (failed == 0 && reply.status != 200)
        failed = container_refuse(&reply, CODE_EXEC, "starting a command in a container", err);
    container_reply_finish(&reply);
    return failed;
}

static void drop_output(void *arg, struct view bytes)
{
    (void)arg;
    (void)bytes;
}

static int drain_output(struct stream *stream, struct err *err)
{
    struct container_reply reply;
    int status, failed = stream_status(stream, &status, err);

    if (failed == 0 && status == 200)
        return stream_drain(stream, drop_output, NULL, err);
    if (failed < 0)
        return failed;
    failed = container_read_reply(stream, status, &reply, err);
    if (failed == 0)
        failed = container_refuse(&reply, CODE_EXEC, "starting a command in a container", err);
    container_reply_finish(&reply);
    return failed;
}

/* Waits until the output ends, which is when the command does. */
static int start_attached(struct docker *docker, const char *path, int64_t limit, struct err *err)
{
    struct docker_sent sent = {.content_type = "application/json",
                               .body = view_str("{\"Detach\":false,\"Tty\":false}"),
                               .within = limit};
    struct stream *stream = docker_open_stream(docker, "POST", path, &sent, err);
    int failed = stream ? drain_output(stream, err) : ERR_FAIL;

    stream_close(stream);
    if (failed < 0 && err_is(err, ERR_DOCKER, CODE_TIMEOUT))
        return runs_too_long(limit, err);
    return failed;
}

/* Daemons refuse a command that does not exist in different ways: with a status that is an error,
 * or with exit code 126 or 127. */
static int start_exec(struct docker *docker, const char *id, int64_t limit, struct err *err)
{
    _cleanup_text_ struct text path = {0};

    if (exec_path(&path, id, "/start", err) < 0)
        return ERR_FAIL;
    return docker->engine.podman ? start_attached(docker, path.data, limit, err)
                                 : start_detached(docker, path.data, err);
}

enum exec_answer { EXEC_ENDED = 0, EXEC_RUNS = 1 };

static int read_exec(const struct container_reply *reply, int *code, struct err *err)
{
    struct json *json;
    struct json_node root;
    int64_t value = 0;
    int answer = EXEC_RUNS;

    if (docker_read_document(text_view(&reply->body), &json, err) < 0)
        return ERR_FAIL;
    root = json_root(json);
    if (json_kind(json_get(root, "Running")) != JSON_BOOL)
        answer = err_set(err, ERR_DOCKER, CODE_ANSWER,
                         "the daemon does not report whether a command runs");
    else if (!json_bool(json_get(root, "Running"), true) &&
             json_int(json_get(root, "ExitCode"), &value))
        answer = EXEC_ENDED;
    json_destroy(json);
    *code = value >= 0 && value <= 255 ? (int)value : 255;
    return answer;
}

static int poll_exec(struct docker *docker, const char *path, int *code, struct err *err)
{
    struct container_reply reply;
    int answer = container_ask_path(docker, "GET", path, view_of(NULL, 0), &reply, err);

    if (answer == 0 && reply.status != 200)
        answer = container_refuse(&reply, CODE_EXEC, "waiting for a command in a container", err);
    else if (answer == 0)
        answer = read_exec(&reply, code, err);
    container_reply_finish(&reply);
    return answer;
}

static int wait_exec(struct docker *docker, const char *id, int64_t limit, int64_t deadline,
                     int *code, struct err *err)
{
    _cleanup_text_ struct text path = {0};
    int64_t pause = POLL_FIRST;
    int answer;

    if (exec_path(&path, id, "/json", err) < 0)
        return ERR_FAIL;
    while ((answer = poll_exec(docker, path.data, code, err)) == EXEC_RUNS) {
        if (clock_monotonic() > deadline)
            return runs_too_long(limit, err);
        if (cancel_check(docker->peer.cancel, err) < 0)
            return ERR_FAIL;
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
        pause = 2 * pause < POLL_MOST ? 2 * pause : POLL_MOST;
    }
    return answer;
}

int docker_container_exec(struct docker *docker, const char *which, const char *const *argv,
                          int64_t limit, int *code, struct err *err)
{
    int64_t deadline = clock_monotonic() + limit;
    char id[EXEC_ID_SIZE];

    if (create_exec(docker, which, argv, id, err) < 0 || start_exec(docker, id, limit, err) < 0)
        return ERR_FAIL;
    return wait_exec(docker, id, limit, deadline, code, err);
}
