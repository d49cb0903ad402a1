/*
 * Three steps: read the parameters of the profile, get a valid token, and get the credentials of
 * the role from the portal.
 */
#include "credentials/sso.h"

#include <stdio.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "credentials/credentials.h"
#include "credentials/source.h"
#include "credentials/sso_oidc.h"
#include "credentials/sso_portal.h"
#include "credentials/web_call.h"
#include "os/memory.h"

#define REFRESH_WINDOW (300 * NS_PER_S) /* a token with less time left is refreshed */
#define REFRESH_PAUSE  (30 * NS_PER_S)  /* between two refreshes */

/* ---- the parameters ---- */

static const char *value_of(const struct aws_profile *profile, const char *key)
{
    const char *value = aws_profile_get(profile, key);

    return value ? value : "";
}

/* Takes start URL or region from the session. The profile may repeat it. */
static int take_from_session(const struct sso_login *login, const struct aws_profile *session,
                             const char *key, const char **value, struct err *err)
{
    const char *own = value_of(session, key);

    if (!*own)
        return err_set(err, ERR_USAGE, CODE_AWS_CONFIG, "the section sso-session %s has no %s",
                       login->session, key);
    if (**value && strcmp(*value, own) != 0)
        return err_set(err, ERR_USAGE, CODE_AWS_CONFIG,
                       "%s of profile %s differs from that of its sso-session %s", key,
                       login->profile, login->session);
    *value = own;
    return 0;
}

static int read_session(const struct aws_settings *settings, struct sso_login *login,
                        struct err *err)
{
    const struct aws_profile *session =
        aws_profiles_find(settings->profiles, AWS_SSO_SESSION, login->session);

    if (!session) {
        err_set(err, ERR_USAGE, CODE_AWS_CONFIG,
                "profile %s names the sso-session %s, which does not exist in %s", login->profile,
                login->session, aws_profiles_config_path(settings->profiles));
        aws_profiles_explain(settings->profiles, login->session, err);
        return ERR_FAIL;
    }
    if (take_from_session(login, session, "sso_region", &login->region, err) < 0)
        return ERR_FAIL;
    return take_from_session(login, session, "sso_start_url", &login->start_url, err);
}

/* Names all parameters that are missing. */
static int check_complete(const struct sso_login *login, struct err *err)
{
    const struct {
        const char *key, *value;
    } parts[] = {{"sso_account_id", login->account},
                 {"sso_role_name", login->role},
                 {"sso_region", login->region},
                 {"sso_start_url", login->start_url}};
    char missing[128] = "";
    size_t used = 0;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!parts[i].value[0])
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s",
                                     used ? ", " : "", parts[i].key);
    if (!used)
        return 0;
    err_set(err, ERR_USAGE, CODE_AWS_CONFIG, "profile %s uses SSO without %s", login->profile,
            missing);
    return err_hint(err, "run: aws configure sso");
}

int sso_read(const struct aws_settings *settings, const struct aws_profile *profile,
             struct sso_login *out, struct err *err)
{
    *out = (struct sso_login){
        .session = value_of(profile, "sso_session"),
        .start_url = value_of(profile, "sso_start_url"),
        .region = value_of(profile, "sso_region"),
        .account = value_of(profile, "sso_account_id"),
        .role = value_of(profile, "sso_role_name"),
        .profile = profile ? aws_profile_name(profile) : "",
    };
    if (!*out->session && !*out->start_url && !*out->region && !*out->account && !*out->role)
        return SOURCE_ABSENT;
    if (*out->session && read_session(settings, out, err) < 0)
        return ERR_FAIL;
    return check_complete(out, err);
}

/* ---- the token ---- */

/* Adds the command that makes a new token. */
static int hint_login(const struct sso_login *login, struct err *err)
{
    if (*login->session)
        return err_hint(err, "run: aws sso login --sso-session %.150s", login->session);
    return err_hint(err, "run: aws sso login --profile %.150s", login->profile);
}

static int fail_expired(const struct sso_login *login, const struct sso_token *token,
                        const char *reason, struct err *err)
{
    char until[CLOCK_RFC3339_SIZE];

    clock_rfc3339(token->expires, until);
    err_set(err, ERR_AUTH, CODE_LOGIN, "the SSO token of %s %s expired at %s%s",
            *login->session ? "session" : "profile",
            *login->session ? login->session : login->profile, until, reason);
    return hint_login(login, err);
}

/* Replaces the token with that of the file if it expires later. Returns whether it does. */
static bool read_newer(const struct aws_system *system, const char *path, struct sso_token *token)
{
    struct sso_token stored;
    struct err ignored;
    bool newer =
        sso_cache_read(system, path, &stored, &ignored) == 0 && stored.expires > token->expires;

    if (newer)
        *token = stored;
    sso_token_finish(&stored);
    return newer;
}

/* Gets a new token and stores it. Another process may have used the refresh token first: then the
 * file has a newer one. After a failure the token is unchanged. */
static int refresh_token(const struct credential_context *ctx, const struct sso_login *login,
                         const char *path, struct sso_memory *memory, struct sso_token *token,
                         struct err *err)
{
    const struct aws_system *system = ctx->system;
    int64_t now = system->now(system->arg);
    unsigned tries = token->expires > now ? 1 : web_call_tries(ctx->settings);
    struct err failure;

    memory->refresh_tried = now;
    if (sso_oidc_refresh(ctx, login->region, tries, token, err) < 0)
        return err->family != ERR_CANCELLED && read_newer(system, path, token) ? 0 : ERR_FAIL;
    memory->fresh = *token;
    if (sso_cache_write(system, path, token, &failure) < 0)
        log_info("the new SSO token is not stored: %s", failure.text);
    return 0;
}

static bool may_refresh(const struct sso_login *login, const struct sso_memory *memory,
                        const struct sso_token *token, int64_t now)
{
    int64_t since = now - memory->refresh_tried;

    return *login->session && sso_token_refreshable(token, now) &&
           (!memory->refresh_tried || since >= REFRESH_PAUSE || since < 0);
}

/* Refreshes a token that ends soon. A failed refresh is an error only after the end of the
 * token. */
static int refresh_if_due(const struct credential_context *ctx, const struct sso_login *login,
                          const char *path, struct sso_memory *memory, struct sso_token *token,
                          struct err *err)
{
    int64_t now = ctx->system->now(ctx->system->arg);
    char reason[sizeof err->text + 32] = "";

    if (may_refresh(login, memory, token, now)) {
        if (refresh_token(ctx, login, path, memory, token, err) == 0)
            return 0;
        if (err->family == ERR_CANCELLED)
            return ERR_FAIL;
        snprintf(reason, sizeof reason, "; its refresh failed: %s", err->text);
    }
    if (token->expires <= now)
        return fail_expired(login, token, reason, err);
    if (reason[0])
        log_info("the SSO token ends soon%s", reason);
    return 0;
}

/* Gets the token of the file, or a newer one of this process. */
static int get_token(const struct credential_context *ctx, const struct sso_login *login,
                     struct sso_memory *memory, struct sso_token *token, struct err *err)
{
    int64_t now = ctx->system->now(ctx->system->arg);
    char path[PATH_MAX];

    if (sso_cache_path(ctx->system, *login->session ? login->session : login->start_url, path,
                       err) < 0 ||
        sso_cache_read(ctx->system, path, token, err) < 0)
        return hint_login(login, err);
    if (strcmp(memory->path, path) != 0) {
        sso_memory_finish(memory);
        str_copy(memory->path, sizeof memory->path, path);
    }
    if (memory->fresh.access_token[0] && memory->fresh.expires > token->expires)
        *token = memory->fresh;
    if (token->expires > now + REFRESH_WINDOW)
        return 0;
    return refresh_if_due(ctx, login, path, memory, token, err);
}

/* ---- all ---- */

int sso_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                    struct sso_memory *memory, struct credentials *out, struct err *err)
{
    struct sso_token token = {0};
    struct sso_login login;
    int result = sso_read(ctx->settings, profile, &login, err);

    if (result != 0)
        return result;
    result = get_token(ctx, &login, memory, &token, err);
    if (result == 0) {
        const struct sso_role role = {login.region, login.account, login.role};

        result = sso_portal_credentials(ctx, &role, token.access_token, out, err);
        if (result < 0 && err_is(err, ERR_AUTH, CODE_LOGIN))
            hint_login(&login, err);
    }
    sso_token_finish(&token);
    if (result < 0)
        return ERR_FAIL;
    out->kind = CREDENTIALS_SSO;
    snprintf(out->source, sizeof out->source, "SSO role %.60s in account %.20s of profile %.60s",
             login.role, login.account, login.profile);
    return SOURCE_FOUND;
}

void sso_memory_finish(struct sso_memory *memory)
{
    os_wipe(memory, sizeof *memory);
}
