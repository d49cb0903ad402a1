/*
 * Credentials of a session last 15 minutes, the session 12 hours. A refresh token is valid once.
 * Another program may have used it first: then the file has a newer one, and newer credentials.
 */
#include "credentials/login.h"

#include <stdio.h>

#include "aws/profiles.h"
#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "credentials/credentials.h"
#include "credentials/login_cache.h"
#include "credentials/signin.h"
#include "credentials/source.h"
#include "credentials/web_call.h"

#define REFRESH_WINDOW (8 * 60 * NS_PER_S) /* before the end of credentials of 15 minutes */

/* Replaces the session with that of the file if its credentials last longer. Returns whether they
 * do. */
static bool read_newer(const struct aws_system *system, const char *path,
                       struct login_session *session)
{
    struct login_session stored;
    struct err ignored;
    bool newer = login_cache_read(system, path, &stored, &ignored) == 0 &&
                 stored.set.expiry > session->set.expiry;

    if (newer)
        *session = stored;
    login_session_finish(&stored);
    return newer;
}

/* Gets new credentials and stores them. After a failure the session is unchanged. */
static int refresh(const struct credential_context *ctx, const char *path,
                   struct login_session *session, struct err *err)
{
    const struct aws_system *system = ctx->system;
    bool ended = session->set.expiry <= system->now(system->arg);
    struct err failure;

    if (signin_refresh(ctx, ended ? web_call_tries(ctx->settings) : 1, session, err) < 0)
        return err->family != ERR_CANCELLED && read_newer(system, path, session) ? 0 : ERR_FAIL;
    if (login_cache_write(system, path, session, &failure) < 0)
        log_info("the new login is not stored: %s", failure.text);
    return 0;
}

/* Refreshes credentials that end soon. A failed refresh is an error only after their end. */
static int refresh_if_due(const struct credential_context *ctx, const char *path,
                          struct login_session *session, struct err *err)
{
    int64_t now = ctx->system->now(ctx->system->arg);
    char until[CLOCK_RFC3339_SIZE];

    if (session->set.expiry > now + REFRESH_WINDOW)
        return 0;
    if (login_session_refreshable(session)) {
        if (refresh(ctx, path, session, err) == 0)
            return 0;
        if (err->family == ERR_CANCELLED || session->set.expiry <= now)
            return ERR_FAIL;
        log_info("the credentials of aws login end soon; their refresh failed: %s", err->text);
    }
    if (session->set.expiry > now)
        return 0;
    clock_rfc3339(session->set.expiry, until);
    return err_set(err, ERR_AUTH, CODE_LOGIN, "the login in %s expired at %s", path, until);
}

int login_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                      struct credentials *out, struct err *err)
{
    const char *name = aws_profile_get(profile, "login_session");
    struct login_session session = {.key = ""};
    char path[PATH_MAX];
    int result = ERR_FAIL;

    if (!name || !*name)
        return SOURCE_ABSENT;
    if (login_cache_path(ctx->system, name, path, err) == 0 &&
        login_cache_read(ctx->system, path, &session, err) == 0)
        result = refresh_if_due(ctx, path, &session, err);
    if (result == 0)
        *out = session.set;
    login_session_finish(&session);
    if (result < 0)
        return err_is(err, ERR_AUTH, CODE_LOGIN)
                   ? err_hint(err, "run: aws login --profile %.128s", aws_profile_name(profile))
                   : ERR_FAIL;
    out->kind = CREDENTIALS_LOGIN;
    snprintf(out->source, sizeof out->source, "aws login of profile %.128s",
             aws_profile_name(profile));
    return SOURCE_FOUND;
}
