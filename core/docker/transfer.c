/*
 * Images as streams: export from the daemon, and load into it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "docker/docker.h"
#include "docker/messages.h"
#include "docker/request.h"

struct docker_export {
    struct stream *stream;
};

struct docker_load {
    struct stream *stream;
};

/* ---- export ---- */

static int check_export(struct docker *docker, struct stream *stream, const char *name,
                        struct err *err)
{
    struct text answer;
    int status, failed = stream_status(stream, &status, err);

    if (failed < 0)
        return err_wrap(err, "exporting %.200s", name);
    if (status == 200)
        return 0;
    if (status == 404)
        return docker_no_image(docker, name, err);
    text_init(&answer, DOCKER_MESSAGE_MAX);
    failed = docker_read_all(stream, &answer, err);
    if (failed == 0)
        failed = docker_refused(text_view(&answer), status, "export", "exporting the image", err);
    text_finish(&answer);
    return failed;
}

/* Appends "?platform=" and the platform as JSON. Its members are of [A-Za-z0-9._-]. */
static void add_platform(struct text *path, const struct docker_platform *platform)
{
    char json[160];

    snprintf(json, sizeof json, "{\"os\":\"%s\",\"architecture\":\"%s\"%s%s%s}", platform->os,
             platform->architecture, platform->variant[0] ? ",\"variant\":\"" : "",
             platform->variant, platform->variant[0] ? "\"" : "");
    text_str(path, "?platform=");
    text_percent(path, json, "");
}

struct docker_export *docker_export_open(struct docker *docker, const char *name,
                                         const struct docker_platform *platform,
                                         const atomic_bool *stop, struct err *err)
{
    const char *last = strrchr(name, '/');
    struct docker_export *export = NULL;
    struct stream *stream = NULL;
    struct text path;

    if (!strchr(last ? last : name, ':')) {
        err_set(err, ERR_USAGE, "reference", "\"%.200s\" has no tag, so docker would save all tags",
                name);
        return NULL;
    }
    text_init(&path, DOCKER_PATH_MAX);
    if (docker_image_path(name, "/get", &path, err) == 0) {
        if (platform)
            add_platform(&path, platform);
        stream = docker_request(docker, "GET", path.data, false, 0, stop, err);
    }
    text_finish(&path);
    if (!stream)
        return NULL;
    if (check_export(docker, stream, name, err) == 0) {
        export = malloc(sizeof *export);
        if (!export)
            err_memory(err, "an export");
    }
    if (!export)
        stream_close(stream);
    else
        export->stream = stream;
    return export;
}

long docker_export_read(struct docker_export *export, uint8_t *out, size_t cap, struct err *err)
{
    long got = stream_read(export->stream, out, cap, err);

    if (got < 0 && err->family == ERR_DOCKER) {
        err_wrap(err, "the export was interrupted");
        err_hint(
            err,
            "see the log of the daemon (often its disk is full); then run the same command again");
    }
    return got;
}

void docker_export_close(struct docker_export *export)
{
    if (!export)
        return;
    stream_close(export->stream);
    free(export);
}

/* ---- load ---- */

struct docker_load *docker_load_open(struct docker *docker, struct err *err)
{
    struct docker_load *load = malloc(sizeof *load);

    if (!load) {
        err_memory(err, "a load");
        return NULL;
    }
    /* quiet=0: the default in the daemon's code is 1, in its manual 0. */
    load->stream = docker_request(docker, "POST", "/images/load?quiet=0", true, 0, NULL, err);
    if (load->stream)
        return load;
    free(load);
    return NULL;
}

int docker_load_write(struct docker_load *load, struct view bytes, struct err *err)
{
    return stream_write(load->stream, bytes, err);
}

static void feed_messages(void *messages, struct view bytes)
{
    docker_messages_feed(messages, bytes);
}

/* Reads the rest of the messages. They count even if the connection breaks afterwards. */
static int read_messages(struct stream *stream, struct docker_messages *messages, struct err *err)
{
    return stream_drain(stream, feed_messages, messages, err) &&
                   (!messages->failed || err->family == ERR_CANCELLED)
               ? ERR_FAIL
               : 0;
}

/* Distinguishes temporary refusals, by known texts of the daemon's system, from the final
 * "load". */
static int grade(struct err *err)
{
    static const char *const full[] = {"no space left", "disk quota exceeded"};
    static const char *const trouble[] = {
        "connection reset", "connection refused",     "broken pipe",
        "context canceled", "context deadline",       "i/o timeout",
        "too many open",    "cannot allocate memory", "temporarily unavailable",
        "resource busy",    "database is locked"};

    for (size_t i = 0; i < ARRAY_SIZE(full); i++)
        if (strstr(err->text, full[i])) {
            str_copy(err->code, sizeof err->code, CODE_DISK_FULL);
            return err_hint(err, "free space on the daemon's disk (docker system df), then run the "
                                 "same command again");
        }
    for (size_t i = 0; i < ARRAY_SIZE(trouble); i++)
        if (strstr(err->text, trouble[i]))
            str_copy(err->code, sizeof err->code, "trouble");
    return ERR_FAIL;
}

static int check_load(const struct docker_messages *messages, struct err *err)
{
    if (messages->failed) {
        err_set(err, ERR_DOCKER, "load", "the daemon could not load the image: %s",
                messages->error);
        return grade(err);
    }
    if (!messages->loaded.count && !messages->loaded.more)
        return err_set(err, ERR_DOCKER, "load",
                       "the daemon received the image but did not report a load%s%s",
                       messages->stray[0] ? "; it reported: " : "", messages->stray);
    return 0;
}

static int load_refused(struct stream *stream, int status, struct err *err)
{
    struct text answer;
    int failed;

    text_init(&answer, DOCKER_MESSAGE_MAX);
    failed = docker_read_all(stream, &answer, err);
    if (failed == 0 || err->family != ERR_CANCELLED)
        failed = docker_refused(text_view(&answer), status, "load", "loading the image", err);
    text_finish(&answer);
    return err->family == ERR_DOCKER ? grade(err) : failed;
}

int docker_load_finish(struct docker_load *load, void (*progress)(void *arg, const char *line),
                       void *arg, struct docker_loaded *loaded, struct err *err)
{
    struct docker_messages messages;
    int status, failed;

    if (stream_status(load->stream, &status, err) < 0)
        return err_wrap(err, "loading the image");
    if (status != 200)
        return load_refused(load->stream, status, err);
    docker_messages_init(&messages, progress, arg);
    failed = read_messages(load->stream, &messages, err);
    if (failed == 0)
        failed = check_load(&messages, err);
    docker_messages_finish(&messages);
    if (failed == 0)
        *loaded = messages.loaded;
    return failed;
}

void docker_load_close(struct docker_load *load)
{
    if (!load)
        return;
    stream_close(load->stream);
    free(load);
}
