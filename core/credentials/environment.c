/* The variables are read at each call, but a process keeps its environment: a set that has expired
 * stays expired. */
#include "credentials/environment.h"

#include <string.h>

#include "aws/system.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/credentials.h"
#include "credentials/expiration.h"
#include "credentials/source.h"

#define EXPIRATION "AWS_CREDENTIAL_EXPIRATION"

const char *environment_value(const struct aws_system *system, const char *name)
{
    const char *value = system->get_env(system->arg, name);

    return value && value[strspn(value, " \t\r\n")] ? value : NULL;
}

static int check_pair(const char *access_key, const char *secret_key, struct err *err)
{
    if (access_key && secret_key)
        return 0;
    err_set(err, ERR_AUTH, CODE_CREDENTIALS, "%s is set without %s",
            access_key ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
            access_key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    return err_hint(err, "set both, or neither to use another source of credentials");
}

static int read_expiry(const struct aws_system *system, int64_t *expiry, struct err *err)
{
    const char *text = environment_value(system, EXPIRATION);

    if (!text)
        return 0;
    if (!expiration_read(text, expiry))
        return err_set(err, ERR_USAGE, CODE_AWS_SETTING,
                       EXPIRATION " is \"%s\", not a time such as 2026-03-01T10:00:00Z", text);
    if (*expiry > system->now(system->arg))
        return 0;
    err_set(err, ERR_AUTH, CODE_LOGIN,
            "the keys in the environment have expired: " EXPIRATION " is %s", text);
    return err_hint(err, "export new keys, or unset AWS_ACCESS_KEY_ID to use another source");
}

int environment_credentials(const struct credential_context *ctx, struct credentials *out,
                            struct err *err)
{
    const struct aws_system *system = ctx->system;
    const char *access_key = environment_value(system, "AWS_ACCESS_KEY_ID");
    const char *secret_key = environment_value(system, "AWS_SECRET_ACCESS_KEY");
    const char *token = environment_value(system, "AWS_SESSION_TOKEN");
    const char *account = environment_value(system, "AWS_ACCOUNT_ID");
    int64_t expiry = 0;

    if (!access_key && !secret_key)
        return SOURCE_ABSENT;
    if (!token)
        token = environment_value(system, "AWS_SECURITY_TOKEN");
    if (check_pair(access_key, secret_key, err) < 0 || read_expiry(system, &expiry, err) < 0)
        return ERR_FAIL;
    if (credentials_init(out, access_key, secret_key, token, err) < 0)
        return err_wrap(err, "the environment");
    out->expiry = expiry;
    out->kind = CREDENTIALS_ENVIRONMENT;
    str_copy(out->account, sizeof out->account, account ? account : "");
    str_copy(out->source, sizeof out->source, "AWS_ACCESS_KEY_ID of the environment");
    return SOURCE_FOUND;
}
