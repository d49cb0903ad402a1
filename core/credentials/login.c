/*
 * The file is named by the hash of login_session. Only its fresh credentials are used: a refresh
 * would need a signed proof of possession of the key in the file.
 */
#include "credentials/login.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "aws/profiles.h"
#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "credentials/credentials.h"
#include "credentials/source.h"

#define FILE_SIZE_MAX (64 * KIB)

static const struct json_limits limits = {.bytes = FILE_SIZE_MAX, .depth = 8, .nodes = 512};

static int log_in(const struct aws_profile *profile, struct err *err)
{
    return err_hint(err, "run: aws login --profile %.128s", aws_profile_name(profile));
}

/* Stores the path of the file; an error if there is no home folder. */
static int find_file(const struct aws_system *system, const char *session, char path[PATH_MAX],
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

struct login {
    char access_key[128], secret_key[256], session_token[CREDENTIALS_TOKEN_MAX];
    char account[16], expiry[CLOCK_RFC3339_SIZE];
};

static bool read_login(struct json_node token, struct login *out)
{
    json_string(json_get(token, "accountId"), out->account, sizeof out->account);
    return json_string(json_get(token, "accessKeyId"), out->access_key, sizeof out->access_key) &&
           json_string(json_get(token, "secretAccessKey"), out->secret_key,
                       sizeof out->secret_key) &&
           json_string(json_get(token, "sessionToken"), out->session_token,
                       sizeof out->session_token) &&
           json_string(json_get(token, "expiresAt"), out->expiry, sizeof out->expiry) &&
           out->access_key[0] && out->secret_key[0];
}

static int use_login(const struct login *login, const char *path, int64_t now,
                     struct credentials *out, struct err *err)
{
    int64_t expiry;

    if (!clock_parse_rfc3339(login->expiry, &expiry))
        return err_set(err, ERR_AUTH, CODE_LOGIN, "%s has a malformed expiresAt", path);
    if (expiry <= now)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "the login in %s expired at %s", path,
                       login->expiry);
    if (credentials_init(out, login->access_key, login->secret_key, login->session_token, err) < 0)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "%s has malformed credentials", path);
    out->expiry = expiry;
    str_copy(out->account, sizeof out->account, login->account);
    return 0;
}

static int read_document(const struct text *file, const char *path, int64_t now,
                         struct credentials *out, struct err *err)
{
    struct login login = {0};
    struct json *json;
    int failed;

    if (json_parse(&json, text_view(file), &limits, path, err) < 0)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "%s is no JSON document of aws login", path);
    if (read_login(json_get(json_root(json), "accessToken"), &login))
        failed = use_login(&login, path, now, out, err);
    else
        failed = err_set(err, ERR_AUTH, CODE_LOGIN, "%s lacks a part of accessToken", path);
    explicit_bzero(&login, sizeof login);
    json_destroy(json);
    return failed;
}

static int read_file(const struct aws_system *system, const char *path, struct credentials *out,
                     struct err *err)
{
    _cleanup_text_ struct text file;
    struct err reason;
    int result;

    text_init_secret(&file, FILE_SIZE_MAX);
    result = system->read_file(system->arg, path, FILE_SIZE_MAX, &file, &reason);
    if (result < 0)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "%s", reason.text);
    if (result == SYSTEM_ABSENT)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "you are not logged in: there is no %s", path);
    return read_document(&file, path, system->now(system->arg), out, err);
}

int login_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                      struct credentials *out, struct err *err)
{
    const char *session = aws_profile_get(profile, "login_session");
    char path[PATH_MAX];

    if (!session || !*session)
        return SOURCE_ABSENT;
    if (find_file(ctx->system, session, path, err) < 0 ||
        read_file(ctx->system, path, out, err) < 0)
        return log_in(profile, err);
    out->kind = CREDENTIALS_LOGIN;
    snprintf(out->source, sizeof out->source, "aws login of profile %.128s",
             aws_profile_name(profile));
    return SOURCE_FOUND;
}
