/* An aws_system with variables and files (aws_files.h) whose requests get the responses of a list,
 * in its order. It counts waits and does not wait. */
#ifndef S3DOCK_TESTS_METADATA_SCRIPT_H
#define S3DOCK_TESTS_METADATA_SCRIPT_H

#include <stdio.h>

#include "aws/settings.h"
#include "base/clock.h"
#include "credentials/source.h"
#include "kit/aws_files.h"

#define SCRIPT_MAX 16

struct scripted_response {
    const char *request; /* "GET http://host/path", or the beginning of it */
    int status;          /* 0: unreachable; -1: connected, then a timeout */
    const char *body;    /* NULL: "" */
    const char *header;  /* that the request must have; NULL: any */
};

struct metadata_script {
    struct aws_files files;
    struct scripted_response responses[SCRIPT_MAX];
    unsigned used, waits;
    int64_t now;
    struct aws_settings settings;
    struct credential_context ctx;
};

static inline int64_t script_now(void *arg)
{
    return ((struct metadata_script *)(void *)arg)->now;
}

static inline int script_wait(void *arg, int64_t ns, struct err *err)
{
    struct metadata_script *script = arg;

    (void)err;
    assert_true(ns > 0 && ns <= NS_PER_S);
    script->waits++;
    return 0;
}

static inline bool script_has_header(const struct web_request *request, const char *header)
{
    for (unsigned i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i], header) == 0)
            return true;
    return false;
}

static inline enum web_result script_send(void *arg, const struct web_request *request,
                                          struct web_answer *answer, struct err *err)
{
    struct metadata_script *script = arg;
    const struct scripted_response *next = &script->responses[script->used];
    char line[2200];

    assert_true(script->used < SCRIPT_MAX && next->request);
    script->used++;
    snprintf(line, sizeof line, "%s %s", request->method, request->url);
    if (strcmp(line, next->request) != 0)
        fail_msg("%s, not %s", line, next->request);
    if (next->header && !script_has_header(request, next->header))
        fail_msg("%s without %s", line, next->header);
    if (next->status <= 0) {
        err_set(err, ERR_NETWORK, next->status ? CODE_TIMEOUT : CODE_REFUSED, "no response");
        return next->status ? WEB_BROKEN : WEB_UNREACHABLE;
    }
    answer->status = next->status;
    text_clear(&answer->body);
    text_str(&answer->body, next->body ? next->body : "");
    return WEB_ANSWERED;
}

/* Completes a script that has its variables, files and responses, and loads the settings. */
static inline const struct credential_context *script_begin(struct metadata_script *script)
{
    struct err err;

    aws_files_system(&script->files);
    /* `files` is the first member, so its functions accept the script. */
    script->files.system.arg = script;
    script->files.system.now = script_now;
    script->files.system.wait = script_wait;
    script->files.system.send = script_send;
    assert_true(clock_parse_rfc3339("2026-03-01T10:00:00Z", &script->now));
    if (aws_settings_load(&script->files.system, &(struct aws_query){0}, &script->settings, &err))
        fail_msg("%s", err.text);
    script->ctx = (struct credential_context){&script->files.system, &script->settings};
    return &script->ctx;
}

/* Checks that all responses were used. */
static inline void script_end(struct metadata_script *script)
{
    assert_true(script->used == SCRIPT_MAX || !script->responses[script->used].request);
    aws_settings_finish(&script->settings);
}

#endif
