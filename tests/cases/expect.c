/* Codes of errors are compared as the kinds that the cases use: one table maps them. */
#include "tests/cases/expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "credentials/credentials.h"
#include "tests/cases/json_equal.h"
#include "tests/cases/play.h"

static const struct json_node NOTHING;

/* ---- errors ---- */

/* A code "*" is every other code of the family. */
static const struct kind {
    enum err_family family;
    const char *code, *kind;
} KINDS[] = {
    {ERR_AUTH, "no_credentials", "none"},
    {ERR_AUTH, "credentials", "partial"},
    {ERR_AUTH, "token_file", "file"},
    {ERR_AUTH, "login", "login"},
    {ERR_AUTH, "expired", "login"},
    {ERR_AUTH, "source", "source"},
    {ERR_AUTH, "process", "process"},
    {ERR_AUTH, "answer", "answer"},
    {ERR_AUTH, "*", "denied"},
    {ERR_USAGE, "aws_config", "config"},
    {ERR_USAGE, "aws_profile", "no_profile"},
    {ERR_USAGE, "role_loop", "loop"},
    {ERR_USAGE, "*", "setting"},
    {ERR_NETWORK, "*", "service"},
    {ERR_UNSUPPORTED, "archived", "archived"},
    {ERR_UNSUPPORTED, "*", "setting"},
    {ERR_NOT_FOUND, "*", "setting"},
};

static const char *kind_of(const struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
        if (KINDS[i].family == err->family &&
            (strcmp(KINDS[i].code, err->code) == 0 || strcmp(KINDS[i].code, "*") == 0))
            return KINDS[i].kind;
    return "?";
}

static bool error_mentions(const struct err *err, struct json_node mention)
{
    char *text = json_copy(mention);
    bool found = text && (strstr(err->text, text) || strstr(err->hint, text));

    free(text);
    return found;
}

/* Fails if a message contains the output of a helper program: it may be a secret. */
static bool expect_no_output(struct play *play, const struct err *err)
{
    struct json_node commands = play->script.commands;

    for (struct json_node at = json_next(commands, NOTHING, NULL); at.doc;
         at = json_next(commands, at, NULL)) {
        char *output = json_copy(json_get(at, "stdout"));

        if (output && strlen(output) > 3 &&
            (strstr(err->text, output) || strstr(err->hint, output)))
            play_fail(play, "expected no output of a program in the error, got \"%s\"", err->text);
        free(output);
    }
    return !play_failed(play);
}

/* Fails if a message has a session token or a secret key of the script's variables. */
static bool expect_no_secret(struct play *play, const struct err *err)
{
    static const char *const SECRETS[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                          "AWS_CONTAINER_AUTHORIZATION_TOKEN"};
    const struct aws_system *system = &play->script.system;

    for (size_t i = 0; i < ARRAY_SIZE(SECRETS); i++) {
        const char *secret = system->get_env(system->arg, SECRETS[i]);

        if (secret && strlen(secret) > 3 && strstr(err->text, secret))
            return play_fail(play, "expected no %s in the error, got \"%s\"", SECRETS[i],
                             err->text);
    }
    return expect_no_output(play, err);
}

static bool expect_error(struct play *play, struct json_node error, const struct err *err)
{
    static const char *const MEMBERS[] = {"kind", "mentions", NULL};
    struct json_node mentions = json_get(error, "mentions");

    if (!play_members(play, error, MEMBERS))
        return false;
    if (!json_string_equals(json_get(error, "kind"), kind_of(err))) {
        char kind[32];

        json_string(json_get(error, "kind"), kind, sizeof kind);
        return play_fail(play, "expected the error %s, got %s (%s.%s: %s)", kind, kind_of(err),
                         err_family_name(err->family), err->code, err->text);
    }
    for (struct json_node at = json_first(mentions); at.doc; at = json_next(mentions, at, NULL))
        if (!error_mentions(err, at)) {
            struct view raw = json_raw(at);

            return play_fail(play, "expected an error with %.*s, got \"%s\", hint \"%s\"",
                             (int)raw.size, (const char *)raw.data, err->text, err->hint);
        }
    return true;
}

bool expect_result(struct play *play, struct json_node expected, int result, const struct err *err)
{
    struct json_node error = json_get(expected, "error");
    struct err none = {.family = ERR_AUTH, .code = "no_credentials", .text = "none configured"};

    if (json_present(error)) {
        if (result == 0)
            return play_fail(play, "expected an error, got success");
        return expect_error(play, error, result < 0 ? err : &none) &&
               (result > 0 || expect_no_secret(play, err));
    }
    if (result < 0)
        return play_fail(play, "expected success, got %s.%s: %s", err_family_name(err->family),
                         err->code, err->text);
    if (result > 0)
        return play_fail(play, "expected success, got no source");
    return true;
}

/* ---- values ---- */

bool expect_text(struct play *play, struct json_node expected, const char *member,
                 const char *found)
{
    struct json_node node = json_get(expected, member);
    char *text;
    bool same;

    if (!node.doc)
        return true;
    text = json_kind(node) == JSON_NULL ? strdup("") : json_copy(node);
    same = text && strcmp(text, found) == 0;
    if (!same)
        play_fail(play, "expected %s \"%s\", got \"%s\"", member, text ? text : "?", found);
    free(text);
    return same;
}

bool expect_bool(struct play *play, struct json_node expected, const char *member, bool found)
{
    struct json_node node = json_get(expected, member);

    if (!node.doc || (json_kind(node) == JSON_BOOL && json_bool(node, !found) == found))
        return true;
    return play_fail(play, "expected %s %s, got the opposite", member, found ? "false" : "true");
}

bool expect_number(struct play *play, struct json_node expected, const char *member, long found)
{
    struct json_node node = json_get(expected, member);
    int64_t number;

    if (!node.doc || (json_kind(node) == JSON_NULL && found == 0) ||
        (json_int(node, &number) && number == found))
        return true;
    return play_fail(play, "expected another %s, got %ld", member, found);
}

/* ---- credentials ---- */

/* Fractions of a second do not count. */
static bool expect_expiry(struct play *play, struct json_node expiry, int64_t found)
{
    int64_t time, after, before;
    char text[CLOCK_RFC3339_SIZE] = "none";
    bool same;

    if (!json_present(expiry))
        return true;
    if (found)
        clock_rfc3339(found, text);
    if (json_kind(expiry) == JSON_OBJECT)
        same = script_time(json_get(expiry, "after"), &after) &&
               script_time(json_get(expiry, "before"), &before) && found >= after &&
               found <= before;
    else
        same = script_time(expiry, &time) && time / NS_PER_S == found / NS_PER_S;
    if (!same) {
        struct view raw = json_raw(expiry);

        play_fail(play, "expected the expiry %.*s, got %s", (int)raw.size, (const char *)raw.data,
                  text);
    }
    return same;
}

bool expect_credentials(struct play *play, struct json_node expected,
                        const struct credentials *found)
{
    static const char *const MEMBERS[] = {"access_key", "secret",     "token",
                                          "expiry",     "account_id", NULL};
    struct json_node wanted = json_get(expected, "credentials");

    if (!expect_text(play, expected, "provider", credentials_kind_name(found->kind)))
        return false;
    if (!json_present(wanted))
        return true;
    if (!play_members(play, wanted, MEMBERS) ||
        !expect_text(play, wanted, "access_key", found->access_key) ||
        !expect_text(play, wanted, "secret", found->secret_key) ||
        !expect_text(play, wanted, "token", found->session_token) ||
        !expect_expiry(play, json_get(wanted, "expiry"), found->expiry))
        return false;
    if (!json_get(wanted, "token").doc && found->session_token[0])
        return play_fail(play, "expected no token, got one");
    /* The account is optional. */
    return !found->account[0] || expect_text(play, wanted, "account_id", found->account);
}

/* ---- files ---- */

static bool file_is_json(const struct script_file *file, struct json_node wanted)
{
    static const struct json_limits LIMITS = {.bytes = MIB, .depth = 32, .nodes = 10000};
    struct json *json;
    struct err err;

    if (json_parse(&json, view_of(file->content, file->size), &LIMITS, file->path, &err) < 0)
        return false;
    bool same = json_equal(json_root(json), wanted);
    json_destroy(json);
    return same;
}

/* The expected content is a JSON value, or its text. */
static bool file_is(const struct script_file *file, struct json_node wanted)
{
    char *text = json_copy(wanted);
    bool same;

    if (!text)
        return file_is_json(file, wanted);
    same = strcmp(text, file->content) == 0;
    if (!same) {
        static const struct json_limits LIMITS = {.bytes = MIB, .depth = 32, .nodes = 10000};
        struct json *json;
        struct err err;

        if (json_parse(&json, view_str(text), &LIMITS, file->path, &err) == 0) {
            same = file_is_json(file, json_root(json));
            json_destroy(json);
        }
    }
    free(text);
    return same;
}

bool expect_files(struct play *play, struct json_node expected)
{
    struct json_node files = json_get(expected, "files_after"), name;

    for (struct json_node value = json_next(files, NOTHING, &name); value.doc;
         value = json_next(files, value, &name)) {
        char *path = json_copy(name);
        const struct script_file *file = script_file(&play->script, path);

        if (!file || !file_is(file, value)) {
            struct view raw = json_raw(value);

            play_fail(play, "expected the file %s with %.*s, got %s", path, (int)raw.size,
                      (const char *)raw.data, file ? file->content : "no file");
        }
        free(path);
    }
    return !play_failed(play);
}
