/*
 * A set comes whole from one file. A pair whose halves are in different files is refused, and a
 * token in the other file is not used: such parts belong to an older set.
 */
#include "credentials/profile_keys.h"

#include <stdio.h>

#include "aws/profiles.h"
#include "aws/settings.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/credentials.h"
#include "credentials/source.h"

#define ACCESS_KEY "aws_access_key_id"
#define SECRET_KEY "aws_secret_access_key"
#define TOKEN      "aws_session_token"

/* Returns the value of a key, or NULL if it is absent or empty. */
static const char *key_value(const struct aws_profile *profile, const char *key)
{
    const char *value = aws_profile_get(profile, key);

    return value && *value ? value : NULL;
}

bool profile_keys_from_credentials(const struct aws_profile *profile)
{
    return aws_profile_from_credentials(profile, ACCESS_KEY);
}

bool profile_keys_other_token(const struct aws_profile *profile)
{
    return key_value(profile, TOKEN) &&
           aws_profile_from_credentials(profile, TOKEN) != profile_keys_from_credentials(profile);
}

int profile_keys_check(const struct aws_profile *profile, struct err *err)
{
    bool access_key = key_value(profile, ACCESS_KEY), secret_key = key_value(profile, SECRET_KEY);

    if (!access_key && !secret_key)
        return SOURCE_ABSENT;
    if (access_key == secret_key && aws_profile_from_credentials(profile, ACCESS_KEY) ==
                                        aws_profile_from_credentials(profile, SECRET_KEY))
        return SOURCE_FOUND;
    if (access_key != secret_key)
        err_set(err, ERR_AUTH, CODE_CREDENTIALS, "profile %s has %s without %s",
                aws_profile_name(profile), access_key ? ACCESS_KEY : SECRET_KEY,
                access_key ? SECRET_KEY : ACCESS_KEY);
    else
        err_set(err, ERR_AUTH, CODE_CREDENTIALS,
                "profile %s has " ACCESS_KEY " and " SECRET_KEY " in different files",
                aws_profile_name(profile));
    return err_hint(err, "write both into the credentials file");
}

int profile_keys_credentials(const struct credential_context *ctx,
                             const struct aws_profile *profile, struct credentials *out,
                             struct err *err)
{
    const char *token = profile_keys_other_token(profile) ? NULL : key_value(profile, TOKEN);
    const char *account = key_value(profile, "aws_account_id");
    int found = profile_keys_check(profile, err);

    if (found != SOURCE_FOUND)
        return found;
    if (credentials_init(out, key_value(profile, ACCESS_KEY), key_value(profile, SECRET_KEY), token,
                         err) < 0)
        return err_wrap(err, "profile %s", aws_profile_name(profile));
    out->kind = CREDENTIALS_PROFILE;
    str_copy(out->account, sizeof out->account, account ? account : "");
    aws_profile_place(ctx->settings->profiles, profile, ACCESS_KEY, out->source,
                      sizeof out->source);
    return SOURCE_FOUND;
}
