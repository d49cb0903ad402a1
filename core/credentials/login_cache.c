/*
 * The AWS CLI and the SDKs of AWS share the file. A write keeps the members that s3dock does not
 * know, and replaces the file as a whole.
 */
#include "credentials/login_cache.h"

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

static const struct json_limits limits = {.bytes = LOGIN_CACHE_MAX, .depth = 8, .nodes = 512};

int login_cache_path(const struct aws_system *system, const char *session, char path[PATH_MAX],
                     struct err *err)
{
    const char *folder = system->get_env(system->arg, "AWS_LOGIN_CACHE_DIRECTORY");
    const char *home = system->get_env(system->arg, "HOME");
    size_t size = strlen(session);
    uint8_t sum[SHA256_SIZE];
    char name[SHA256_HEX_SIZE];
    int used;

    while (size > 0 && strchr(" \t\r\n", session[size - 1]))
        size--;
    sha256_of(view_of(session, size), sum);
    hex_encode(sum, sizeof sum, name);
    if (folder && *folder)
        used = snprintf(path, PATH_MAX, "%s/%s.json", folder, name);
    else if (home && *home)
        used = snprintf(path, PATH_MAX, "%s/.aws/login/cache/%s.json", home, name);
    else
        return err_set(err, ERR_AUTH, CODE_LOGIN, "HOME is not set, so the login is not found");
    return used < PATH_MAX ? 0 : err_set(err, ERR_AUTH, CODE_LOGIN, "%.64s... is too long", path);
}

/* ---- reading ---- */

static int read_document(const struct aws_system *system, const char *path, struct json **json,
                         struct err *err)
{
    _cleanup_text_ struct text file = {0};
    struct err reason;
    int result;

    text_init_secret(&file, LOGIN_CACHE_MAX);
    result = system->read_file(system->arg, path, LOGIN_CACHE_MAX, &file, &reason);
    if (result < 0)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "%s", reason.text);
    if (result == SYSTEM_ABSENT)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "you are not logged in: there is no %s", path);
    if (json_parse(json, text_view(&file), &limits, path, err) < 0)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "%s is no JSON document of aws login", path);
    return 0;
}

/* The parts of accessToken. */
struct parts {
    char access_key[128], secret_key[256], session_token[CREDENTIALS_TOKEN_MAX];
    char expiry[CLOCK_RFC3339_SIZE];
};

static bool read_parts(struct json_node token, struct parts *out)
{
    return json_string(json_get(token, "accessKeyId"), out->access_key, sizeof out->access_key) &&
           json_string(json_get(token, "secretAccessKey"), out->secret_key,
                       sizeof out->secret_key) &&
           json_string(json_get(token, "sessionToken"), out->session_token,
                       sizeof out->session_token) &&
           json_string(json_get(token, "expiresAt"), out->expiry, sizeof out->expiry) &&
           out->access_key[0] && out->secret_key[0];
}

static int read_set(struct json_node token, const char *path, struct credentials *out,
                    struct err *err)
{
    struct parts parts = {0};
    int64_t expiry = 0;
    int result = 0;

    if (!read_parts(token, &parts))
        result = err_set(err, ERR_AUTH, CODE_LOGIN, "%s lacks a part of accessToken", path);
    else if (!expiration_read(parts.expiry, &expiry))
        result = err_set(err, ERR_AUTH, CODE_LOGIN, "%s has a malformed expiresAt", path);
    else if (credentials_init(out, parts.access_key, parts.secret_key, parts.session_token, err) <
             0)
        result = err_set(err, ERR_AUTH, CODE_LOGIN, "%s has malformed credentials", path);
    os_wipe(&parts, sizeof parts);
    if (result < 0)
        return ERR_FAIL;
    out->expiry = expiry;
    json_string(json_get(token, "accountId"), out->account, sizeof out->account);
    return 0;
}

int login_cache_read(const struct aws_system *system, const char *path, struct login_session *out,
                     struct err *err)
{
    struct json *json = NULL;
    struct json_node root;
    int result;

    *out = (struct login_session){.key = ""};
    if (read_document(system, path, &json, err) < 0)
        return ERR_FAIL;
    root = json_root(json);
    result = read_set(json_get(root, "accessToken"), path, &out->set, err);
    json_string(json_get(root, "refreshToken"), out->refresh_token, sizeof out->refresh_token);
    json_string(json_get(root, "clientId"), out->client_id, sizeof out->client_id);
    json_string(json_get(root, "dpopKey"), out->key, sizeof out->key);
    json_destroy(json);
    log_secret(out->refresh_token);
    return result;
}

/* ---- writing ---- */

static void write_token(struct json_writer *w, const struct credentials *set)
{
    char expires[CLOCK_RFC3339_SIZE];

    clock_rfc3339(set->expiry, expires);
    jw_object(w, "accessToken");
    jw_string(w, "accessKeyId", set->access_key);
    jw_string(w, "secretAccessKey", set->secret_key);
    jw_string(w, "sessionToken", set->session_token);
    jw_string_if(w, "accountId", set->account);
    jw_string(w, "expiresAt", expires);
    jw_end(w);
}

static void write_session(struct json_node root, const struct login_session *session,
                          struct text *out)
{
    struct json_node name, value = {NULL, 0};
    struct json_writer w;
    char text[256];

    jw_init(&w, out, false);
    jw_object(&w, NULL);
    write_token(&w, &session->set);
    jw_string(&w, "refreshToken", session->refresh_token);
    while ((value = json_next(root, value, &name)).doc)
        if (!json_names(name, "accessToken") && !json_names(name, "refreshToken") &&
            json_string(name, text, sizeof text))
            jw_raw(&w, text, json_raw(value));
    jw_end(&w);
    text_char(out, '\n');
}

int login_cache_write(const struct aws_system *system, const char *path,
                      const struct login_session *session, struct err *err)
{
    _cleanup_text_ struct text out = {0};
    struct json *json = NULL;

    text_init_secret(&out, 4 * LOGIN_CACHE_MAX); /* escapes may lengthen it */
    if (read_document(system, path, &json, err) < 0)
        return ERR_FAIL;
    write_session(json_root(json), session, &out);
    json_destroy(json);
    if (text_check(&out, path, err) < 0)
        return ERR_FAIL;
    return system->write_file(system->arg, path, text_view(&out), err);
}

bool login_session_refreshable(const struct login_session *session)
{
    return session->refresh_token[0] && session->client_id[0] && session->key[0];
}

void login_session_finish(struct login_session *session)
{
    os_wipe(session, sizeof *session);
}
