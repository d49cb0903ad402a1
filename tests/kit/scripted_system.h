/*
 * scripted_system - an aws_system for unit tests: variables, files, a clock that waits move, HTTP
 * exchanges in order, and one typed line. Zero it, fill it, and pass scripted_system(&it).
 */
#ifndef S3DOCK_TESTS_KIT_SCRIPTED_SYSTEM_H
#define S3DOCK_TESTS_KIT_SCRIPTED_SYSTEM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/system.h"
#include "base/clock.h"
#include "base/err.h"

#define SCRIPTED_MAX 16

/* Lists end with a NULL name. */
struct scripted_pair {
    const char *name, *value;
};

struct scripted_exchange {
    const char *wanted; /* a part of "METHOD URL\nheaders\n\nbody" */
    int status;         /* 0: no response; then `body` is the reason */
    const char *body;
    int64_t date;
};

struct scripted_system {
    struct scripted_pair env[SCRIPTED_MAX];
    struct scripted_pair files[SCRIPTED_MAX]; /* a write replaces a value */
    struct scripted_exchange exchanges[SCRIPTED_MAX];
    const char *typed; /* NULL: there is no terminal */
    int64_t now;

    char prompt[256];
    unsigned sent, waits;
    char request[256 * 1024]; /* the last one */
    char *written;            /* by the last write_file */
    struct aws_system system;
};

static inline const char *scripted_find(const struct scripted_pair *pairs, const char *name)
{
    for (; pairs->name; pairs++)
        if (strcmp(pairs->name, name) == 0)
            return pairs->value;
    return NULL;
}

static inline const char *scripted_get_env(void *arg, const char *name)
{
    return scripted_find(((struct scripted_system *)arg)->env, name);
}

static inline int scripted_read_file(void *arg, const char *path, size_t most, struct text *out,
                                     struct err *err)
{
    const char *content = scripted_find(((struct scripted_system *)arg)->files, path);

    if (!content)
        return SYSTEM_ABSENT;
    if (strlen(content) > most)
        return err_set(err, ERR_LOCAL, "too_large", "%s is larger than %zu bytes", path, most);
    text_str(out, content);
    return text_check(out, path, err);
}

static inline int scripted_write_file(void *arg, const char *path, struct view content,
                                      struct err *err)
{
    struct scripted_system *it = arg;

    for (struct scripted_pair *file = it->files; file->name; file++) {
        if (strcmp(file->name, path) != 0)
            continue;
        free(it->written);
        it->written = strndup((const char *)content.data, content.size);
        file->value = it->written;
        return 0;
    }
    return err_set(err, ERR_LOCAL, "write", "%s cannot be written", path);
}

static inline int64_t scripted_now(void *arg)
{
    return ((struct scripted_system *)arg)->now;
}

static inline int scripted_wait(void *arg, int64_t ns, struct err *err)
{
    struct scripted_system *it = arg;

    (void)err;
    it->now += ns;
    it->waits++;
    return 0;
}

static inline void scripted_record(struct scripted_system *it, const struct web_request *request)
{
    int used = snprintf(it->request, sizeof it->request, "%s %s\n", request->method, request->url);

    for (unsigned i = 0; i < request->header_count; i++)
        used += snprintf(it->request + used, sizeof it->request - (size_t)used, "%s\n",
                         request->headers[i]);
    snprintf(it->request + used, sizeof it->request - (size_t)used, "\n%.*s",
             (int)request->body.size, (const char *)request->body.data);
}

static inline enum web_result scripted_send(void *arg, const struct web_request *request,
                                            struct web_answer *answer, struct err *err)
{
    struct scripted_system *it = arg;
    const struct scripted_exchange *exchange = &it->exchanges[it->sent];

    scripted_record(it, request);
    if (it->sent == SCRIPTED_MAX || !exchange->wanted || !strstr(it->request, exchange->wanted)) {
        fprintf(stderr, "request %u was not expected:\n%s\n", it->sent, it->request);
        abort();
    }
    it->sent++;
    if (!exchange->status) {
        err_set(err, ERR_NETWORK, "timeout", "%s", exchange->body);
        return WEB_BROKEN;
    }
    answer->status = exchange->status;
    answer->date = exchange->date;
    text_str(&answer->body, exchange->body);
    return WEB_ANSWERED;
}

static inline int scripted_run(void *arg, const char *line, struct text *out, struct text *errors,
                               int *code, struct err *err)
{
    (void)arg, (void)out, (void)errors, (void)code;
    return err_set(err, ERR_AUTH, "process", "%s was not expected", line);
}

static inline int scripted_ask(void *arg, const char *prompt, char *out, size_t size,
                               struct err *err)
{
    struct scripted_system *it = arg;

    (void)err;
    snprintf(it->prompt, sizeof it->prompt, "%s", prompt);
    if (!it->typed)
        return SYSTEM_ABSENT;
    snprintf(out, size, "%s", it->typed);
    return SYSTEM_OK;
}

static inline const struct aws_system *scripted_system(struct scripted_system *it)
{
    it->system = (struct aws_system){
        .arg = it,
        .get_env = scripted_get_env,
        .read_file = scripted_read_file,
        .write_file = scripted_write_file,
        .now = scripted_now,
        .wait = scripted_wait,
        .send = scripted_send,
        .run = scripted_run,
        .ask = scripted_ask,
    };
    return &it->system;
}

#endif
