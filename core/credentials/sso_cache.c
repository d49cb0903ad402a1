/*
 * The AWS CLI and the SDKs of AWS share the file. A write keeps the members that s3dock does not
 * know, and replaces the file as a whole.
 */
#include "credentials/sso_cache.h"

#include <stdio.h>
#include <string.h>

#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/log.h"
#include "credentials/expiration.h"
#include "os/memory.h"

static const struct json_limits limits = {.bytes = SSO_CACHE_MAX, .depth = 8, .nodes = 512};

#define WRITTEN_MAX (4 * SSO_CACHE_MAX) /* escapes may lengthen it */

int sso_cache_path(const struct aws_system *system, const char *name, char path[PATH_MAX],
                   struct err *err)
{
    const char *home = system->get_env(system->arg, "HOME");
    char sum[2 * SHA1_SIZE + 1];
    uint8_t digest[SHA1_SIZE];

    if (!home || !*home)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "HOME is not set, so no SSO token is found");
    sha1_of(view_str(name), digest);
    hex_encode(digest, sizeof digest, sum);
    if (snprintf(path, PATH_MAX, "%s/.aws/sso/cache/%s.json", home, sum) >= PATH_MAX)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "HOME is too long");
    return 0;
}

/* ---- reading ---- */

static bool read_time(struct json_node node, int64_t *time)
{
    char text[CLOCK_RFC3339_SIZE + 2];

    *time = 0;
    return json_string(node, text, sizeof text) && expiration_read(text, time);
}

static int parse_file(const struct text *file, const char *path, struct json **json,
                      struct err *err)
{
    if (json_parse(json, text_view(file), &limits, path, err) < 0)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "the SSO token file %s is no JSON document",
                       path);
    return 0;
}

static int read_file(const struct aws_system *system, const char *path, struct json **json,
                     struct err *err)
{
    struct text _cleanup_text_ file;
    char reason[sizeof err->text];
    int result;

    text_init_secret(&file, SSO_CACHE_MAX);
    result = system->read_file(system->arg, path, SSO_CACHE_MAX, &file, err);
    if (result == SYSTEM_ABSENT)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "there is no SSO token: %s does not exist", path);
    if (result < 0) {
        snprintf(reason, sizeof reason, "%s", err->text);
        return err_set(err, ERR_AUTH, CODE_LOGIN, "the SSO token: %s", reason);
    }
    return parse_file(&file, path, json, err);
}

static int read_token(struct json_node root, const char *path, struct sso_token *out,
                      struct err *err)
{
    *out = (struct sso_token){0};
    if (!json_string(json_get(root, "accessToken"), out->access_token, sizeof out->access_token) ||
        !sso_token_is_valid(out->access_token))
        return err_set(err, ERR_AUTH, CODE_LOGIN, "the SSO token file %s has no valid accessToken",
                       path);
    if (!read_time(json_get(root, "expiresAt"), &out->expires))
        return err_set(err, ERR_AUTH, CODE_LOGIN, "the SSO token file %s has no valid expiresAt",
                       path);
    json_string(json_get(root, "refreshToken"), out->refresh_token, sizeof out->refresh_token);
    json_string(json_get(root, "clientId"), out->client_id, sizeof out->client_id);
    json_string(json_get(root, "clientSecret"), out->client_secret, sizeof out->client_secret);
    read_time(json_get(root, "registrationExpiresAt"), &out->registration_expires);
    return 0;
}

void sso_token_keep_secret(const struct sso_token *token)
{
    log_secret(token->access_token);
    log_secret(token->refresh_token);
    log_secret(token->client_secret);
}

int sso_cache_read(const struct aws_system *system, const char *path, struct sso_token *out,
                   struct err *err)
{
    struct json *json = NULL;
    int result;

    if (read_file(system, path, &json, err) < 0)
        return ERR_FAIL;
    result = read_token(json_root(json), path, out, err);
    json_destroy(json);
    if (result < 0)
        sso_token_finish(out);
    else
        sso_token_keep_secret(out);
    return result;
}

/* ---- writing ---- */

/* A member that a refresh replaces. */
struct change {
    const char *name, *value;
    bool done;
};

/* Writes one member of the file, with its new value if it has one. */
static void write_member(struct json_writer *w, struct json_node name, struct json_node value,
                         struct change *changes, size_t count)
{
    char text[256];

    for (size_t i = 0; i < count; i++) {
        if (!json_names(name, changes[i].name))
            continue;
        if (!changes[i].done)
            jw_string(w, changes[i].name, changes[i].value);
        changes[i].done = true;
        return;
    }
    if (json_string(name, text, sizeof text))
        jw_raw(w, text, json_raw(value));
}

static void write_document(struct json_node root, const struct sso_token *token, struct text *out)
{
    char expires[CLOCK_RFC3339_SIZE];
    struct change changes[] = {{"accessToken", token->access_token, false},
                               {"expiresAt", expires, false},
                               {"refreshToken", token->refresh_token, false}};
    struct json_node name, value = {NULL, 0};
    struct json_writer w;

    clock_rfc3339(token->expires, expires);
    jw_init(&w, out, false);
    jw_object(&w, NULL);
    while ((value = json_next(root, value, &name)).doc)
        write_member(&w, name, value, changes, ARRAY_SIZE(changes));
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        if (!changes[i].done && changes[i].value[0])
            jw_string(&w, changes[i].name, changes[i].value);
    jw_end(&w);
    text_char(out, '\n');
}

int sso_cache_write(const struct aws_system *system, const char *path,
                    const struct sso_token *token, struct err *err)
{
    struct text _cleanup_text_ out;
    struct json *json = NULL;

    text_init_secret(&out, WRITTEN_MAX);
    if (read_file(system, path, &json, err) < 0)
        return ERR_FAIL;
    write_document(json_root(json), token, &out);
    json_destroy(json);
    if (text_check(&out, path, err) < 0)
        return ERR_FAIL;
    return system->write_file(system->arg, path, text_view(&out), err);
}

bool sso_token_is_valid(const char *access_token)
{
    const char *at = access_token;

    while (*at > ' ' && *at < 0x7f)
        at++;
    return at > access_token && !*at;
}

bool sso_token_refreshable(const struct sso_token *token, int64_t now)
{
    return token->refresh_token[0] && token->client_id[0] && token->client_secret[0] &&
           token->registration_expires > now;
}

void sso_token_finish(struct sso_token *token)
{
    os_wipe(token, sizeof *token);
}
