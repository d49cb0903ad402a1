/*
 * The functions read the JSON of the case directly. A request that no exchange allows, and a
 * demanded exchange that does not happen, are trouble: the case fails with any result of the code
 * under test.
 */
#include "tests/cases/script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "tests/cases/exchange.h"
#include "tests/cases/json_equal.h"

static const struct json_node NOTHING;

void script_trouble(struct script *script, const char *fmt, ...)
{
    va_list args;

    if (script->trouble[0])
        return;
    va_start(args, fmt);
    vsnprintf(script->trouble, sizeof script->trouble, fmt, args);
    va_end(args);
}

bool script_matches(const char *pattern, const char *value)
{
    size_t size = strlen(pattern);

    if (size && pattern[size - 1] == '*')
        return strncmp(pattern, value, size - 1) == 0;
    return strcmp(pattern, value) == 0;
}

bool script_time(struct json_node node, int64_t *ns)
{
    char text[64];

    return json_string(node, text, sizeof text) && clock_parse_rfc3339(text, ns);
}

/* ---- environment and files ---- */

static const char *get_env(void *arg, const char *name)
{
    struct script *script = arg;

    for (unsigned i = 0; i < script->variable_count; i++)
        if (strcmp(script->variables[i].name, name) == 0)
            return script->variables[i].value;
    return NULL;
}

static void add_variables(struct script *script, struct json_node env)
{
    struct json_node name;

    for (struct json_node value = json_next(env, NOTHING, &name); value.doc;
         value = json_next(env, value, &name)) {
        unsigned i = script->variable_count++;

        if (i == SCRIPT_VARIABLES_MAX ||
            !json_string(name, script->variables[i].name, sizeof script->variables[i].name) ||
            !(script->variables[i].value = json_copy(value))) {
            script->variable_count = i;
            script_trouble(script, "the environment of the case cannot be read");
            return;
        }
    }
}

const struct script_file *script_file(const struct script *script, const char *path)
{
    for (unsigned i = 0; i < script->file_count; i++)
        if (script->files[i].content && strcmp(script->files[i].path, path) == 0)
            return &script->files[i];
    return NULL;
}

static void set_file(struct script *script, const char *path, char *content, size_t size)
{
    struct script_file *file = (struct script_file *)script_file(script, path);

    if (!file && script->file_count < SCRIPT_FILES_MAX)
        file = &script->files[script->file_count++];
    if (!file || !content || !str_copy(file->path, sizeof file->path, path)) {
        free(content);
        script_trouble(script, "%s: too many or too large files", path);
        return;
    }
    free(file->content);
    file->content = content;
    file->size = size;
}

/* Adds or replaces files; null removes one. */
static void set_files(struct script *script, struct json_node files)
{
    struct json_node name;

    for (struct json_node value = json_next(files, NOTHING, &name); value.doc;
         value = json_next(files, value, &name)) {
        char *path = json_copy(name), *content = json_copy(value);
        struct script_file *file = (struct script_file *)script_file(script, path);

        if (json_kind(value) == JSON_NULL && file) {
            free(file->content);
            file->content = NULL;
        } else {
            set_file(script, path, content, content ? strlen(content) : 0);
        }
        free(path);
    }
}

static int read_file(void *arg, const char *path, size_t most, struct text *out, struct err *err)
{
    struct script *script = arg;
    const struct script_file *file = script_file(script, path);

    if (!file)
        return SYSTEM_ABSENT;
    if (file->size > most)
        return err_set(err, ERR_LOCAL, "too_large", "%s has more than %zu bytes", path, most);
    text_add(out, file->content, file->size);
    return 0;
}

static int write_file(void *arg, const char *path, struct view content, struct err *err)
{
    (void)err;
    set_file(arg, path, strndup((const char *)content.data, content.size), content.size);
    return 0;
}

/* ---- clock, terminal, commands ---- */

static int64_t now(void *arg)
{
    struct script *script = arg;

    return script->now;
}

static int wait_for(void *arg, int64_t ns, struct err *err)
{
    struct script *script = arg;

    (void)err;
    script->now += ns;
    return 0;
}

static int ask(void *arg, const char *prompt, char *out, size_t size, struct err *err)
{
    struct script *script = arg;
    struct json_node terminal = json_get(script->root, "terminal");

    (void)prompt;
    (void)err;
    if (!json_bool(json_get(terminal, "present"), false))
        return SYSTEM_ABSENT;
    if (!json_string(json_get(terminal, "input"), out, size))
        out[0] = 0;
    out[strcspn(out, "\r\n")] = 0;
    return 0;
}

static struct json_node find_command(const struct script *script, const char *line)
{
    struct json_node commands = script->commands, name;

    for (struct json_node value = json_next(commands, NOTHING, &name); value.doc;
         value = json_next(commands, value, &name)) {
        char *text = json_copy(name);
        bool same = text && strcmp(text, line) == 0;

        free(text);
        if (same)
            return value;
    }
    return NOTHING;
}

/* Adds the beginning of a string, as far as it fits. */
static void add_beginning(struct json_node node, struct text *out)
{
    char *text = json_copy(node);

    if (text)
        text_add(out, text, strnlen(text, out->max));
    free(text);
}

static int run(void *arg, const char *line, struct text *out, struct text *errors, int *code,
               struct err *err)
{
    struct script *script = arg;
    struct json_node entry = find_command(script, line);
    int64_t exit = 0;

    if (!entry.doc)
        return script->real.system.run(script->real.system.arg, line, out, errors, code, err);
    json_int(json_get(entry, "exit"), &exit);
    *code = (int)exit;
    json_string_text(json_get(entry, "stdout"), out);
    add_beginning(json_get(entry, "stderr"), errors);
    return 0;
}

/* ---- network ---- */

/* Returns whether this exchange belongs to this call. */
static bool is_due(const struct script *script, struct json_node exchange, unsigned number)
{
    int64_t during;

    if (script->used[number])
        return false;
    return !json_int(json_get(exchange, "during"), &during) || during == script->call;
}

static void describe_request(const struct web_request *request, char *out, size_t size)
{
    snprintf(out, size, "%s %s %.*s", request->method, request->url,
             (int)(request->body.size < 300 ? request->body.size : 300),
             request->body.data ? (const char *)request->body.data : "");
}

static enum web_result send_now(struct script *script, const struct web_request *request,
                                struct web_answer *answer, struct err *err)
{
    struct json_node exchanges = json_get(script->root, "http"), otherwise;
    char words[1024], reason[256] = "";
    unsigned number = 0;

    describe_request(request, words, sizeof words);
    for (struct json_node at = json_first(exchanges); at.doc; at = json_next(exchanges, at, NULL)) {
        if (number < SCRIPT_EXCHANGES_MAX && is_due(script, at, number) &&
            exchange_matches(json_get(at, "request"), request, reason, sizeof reason)) {
            if (json_bool(json_get(at, "never"), false))
                script_trouble(script, "expected no request %s", words);
            script->response = json_get(at, "response");
            script->used[number] = !json_bool(json_get(at, "repeat"), false);
            return exchange_play(at, request, answer, err);
        }
        number++;
    }
    otherwise = json_get(script->root, "otherwise");
    script->response = otherwise;
    if (otherwise.doc)
        return exchange_answer(otherwise, answer);
    script_trouble(script, "expected no request %s%s%s", words, reason[0] ? ": " : "", reason);
    err_set(err, ERR_NETWORK, "refused", "the case has no such request");
    return WEB_UNREACHABLE;
}

static enum web_result send_request(void *arg, const struct web_request *request,
                                    struct web_answer *answer, struct err *err)
{
    struct script *script = arg;
    enum web_result result;

    pthread_mutex_lock(&script->lock);
    result = send_now(script, request, answer, err);
    pthread_mutex_unlock(&script->lock);
    return result;
}

int script_status(const struct script *script)
{
    int64_t status = 0;

    json_int(json_get(script->response, "status"), &status);
    return (int)status;
}

/* ---- life ---- */

void script_init(struct script *script, struct json_node root)
{
    *script = (struct script){.root = root,
                              .call = 1,
                              .now = clock_wall(),
                              .commands = json_get(root, "commands"),
                              .system = {.arg = script,
                                         .get_env = get_env,
                                         .read_file = read_file,
                                         .write_file = write_file,
                                         .now = now,
                                         .wait = wait_for,
                                         .send = send_request,
                                         .run = run,
                                         .ask = ask}};
    pthread_mutex_init(&script->lock, NULL);
    real_system_init(&script->real, NULL);
    if (json_present(json_get(root, "now")) && !script_time(json_get(root, "now"), &script->now))
        script_trouble(script, "\"now\" is no time");
    if (json_count(json_get(root, "http")) > SCRIPT_EXCHANGES_MAX)
        script_trouble(script, "the case has too many exchanges");
    add_variables(script, json_get(root, "env"));
    set_files(script, json_get(root, "files"));
    exchange_check(script, json_get(root, "http"));
}

void script_call(struct script *script, struct json_node call)
{
    struct json_node commands = json_get(call, "commands");

    if (json_present(json_get(call, "now")) && !script_time(json_get(call, "now"), &script->now))
        script_trouble(script, "\"now\" of a call is no time");
    if (json_present(commands))
        script->commands = commands;
    set_files(script, json_get(call, "files"));
}

void script_end(struct script *script)
{
    struct json_node exchanges = json_get(script->root, "http");
    unsigned number = 0;

    for (struct json_node at = json_first(exchanges); at.doc; at = json_next(exchanges, at, NULL)) {
        struct json_node request = json_get(at, "request");
        char method[16] = "", url[512] = "";

        json_string(json_get(request, "method"), method, sizeof method);
        json_string(json_get(request, "url"), url, sizeof url);
        if (!script->used[number++] && !json_bool(json_get(at, "repeat"), false) &&
            !json_bool(json_get(at, "never"), false))
            script_trouble(script, "expected a request %s %s (number %u), got none", method, url,
                           number);
    }
}

void script_finish(struct script *script)
{
    for (unsigned i = 0; i < script->variable_count; i++)
        free(script->variables[i].value);
    for (unsigned i = 0; i < script->file_count; i++)
        free(script->files[i].content);
    pthread_mutex_destroy(&script->lock);
}
