/* The token is sent without the blanks at both ends: editors and `echo` add a line end. */
#include "credentials/web_identity.h"

#include <stdio.h>
#include <string.h>

#include "aws/profiles.h"
#include "aws/system.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "credentials/credentials.h"
#include "credentials/session_name.h"
#include "credentials/source.h"
#include "credentials/sts.h"

/* Returns a parameter of the profile, or of the environment; "" if it is not set. */
static const char *get_parameter(const struct aws_system *system, const struct aws_profile *profile,
                                 const char *key, const char *variable)
{
    const char *value =
        profile ? aws_profile_get(profile, key) : system->get_env(system->arg, variable);

    return value ? value : "";
}

static int check_profile(const struct aws_profile *profile, const struct web_identity *identity,
                         struct err *err)
{
    const char *name = aws_profile_name(profile);

    if (!identity->role_arn[0])
        return err_set(err, ERR_USAGE, CODE_AWS_CONFIG,
                       "profile %s has web_identity_token_file without role_arn", name);
    if (session_name_check(identity->session_name[0] ? identity->session_name : NULL, ERR_USAGE,
                           CODE_AWS_CONFIG, "role_session_name", err) < 0)
        return err_wrap(err, "profile %s", name);
    return 0;
}

static int check_environment(const struct web_identity *identity, struct err *err)
{
    if (!identity->role_arn[0])
        return err_set(err, ERR_USAGE, CODE_AWS_SETTING,
                       "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
    return session_name_check(identity->session_name[0] ? identity->session_name : NULL, ERR_USAGE,
                              CODE_AWS_SETTING, "AWS_ROLE_SESSION_NAME", err);
}

int web_identity_read(const struct aws_system *system, const struct aws_profile *profile,
                      struct web_identity *out, struct err *err)
{
    *out = (struct web_identity){
        .token_file = get_parameter(system, profile, "web_identity_token_file",
                                    "AWS_WEB_IDENTITY_TOKEN_FILE"),
        .role_arn = get_parameter(system, profile, "role_arn", "AWS_ROLE_ARN"),
        .session_name =
            get_parameter(system, profile, "role_session_name", "AWS_ROLE_SESSION_NAME"),
    };
    if (!out->token_file[0])
        return SOURCE_ABSENT;
    return profile ? check_profile(profile, out, err) : check_environment(out, err);
}

/* ---- the token ---- */

static int hint_at_writer(struct err *err)
{
    return err_hint(err, "Kubernetes, or the step of the CI job that requests a token, writes the "
                         "file: check that it is mounted, and readable for this user");
}

static int fail_with_file(const char *path, const char *why, struct err *err)
{
    err_set(err, ERR_AUTH, CODE_TOKEN_FILE, "the web identity token file %s %s", path, why);
    return hint_at_writer(err);
}

/* Cuts the blanks of the text at both ends. Returns its start. */
static const char *trim_text(struct text *text)
{
    static const char blanks[] = " \t\r\n";

    while (text->size && strchr(blanks, text->data[text->size - 1]))
        text_cut(text, text->size - 1);
    return text->data + strspn(text->data, blanks);
}

/* Reads the token into `text` and points *token into it. */
static int read_token(const struct aws_system *system, const char *path, struct text *text,
                      const char **token, struct err *err)
{
    struct err reason;
    int result = system->read_file(system->arg, path, WEB_IDENTITY_TOKEN_MAX + 64, text, &reason);

    if (result == SYSTEM_ABSENT)
        return fail_with_file(path, "does not exist", err);
    if (result < 0) {
        err_set(err, ERR_AUTH, CODE_TOKEN_FILE, "the web identity token: %s", reason.text);
        return hint_at_writer(err);
    }
    *token = trim_text(text);
    if (!**token)
        return fail_with_file(path, "is empty", err);
    if (strlen(*token) != text->size - (size_t)(*token - text->data))
        return fail_with_file(path, "contains a NUL", err);
    if (strlen(*token) > WEB_IDENTITY_TOKEN_MAX)
        return fail_with_file(path, "is longer than a token can be", err);
    log_secret(*token);
    return 0;
}

static int exchange_token(const struct credential_context *ctx, const struct web_identity *identity,
                          const char *token, struct credentials *out, struct err *err)
{
    char session_name[SESSION_NAME_SIZE], proof[256];
    const struct sts_field fields[] = {
        {"RoleArn", identity->role_arn},
        {"RoleSessionName", session_name},
        {"WebIdentityToken", token},
    };
    const struct sts_request request = {.action = "AssumeRoleWithWebIdentity",
                                        .fields = fields,
                                        .field_count = ARRAY_SIZE(fields),
                                        .role_arn = identity->role_arn,
                                        .proof = proof};

    log_secret(token);
    session_name_make(identity->session_name[0] ? identity->session_name : NULL, ctx->system,
                      session_name);
    snprintf(proof, sizeof proof, "the token file %.200s", identity->token_file);
    if (sts_assume(ctx, &request, out, err) < 0)
        return ERR_FAIL;
    out->kind = CREDENTIALS_WEB_IDENTITY;
    return SOURCE_FOUND;
}

int web_identity_credentials(const struct credential_context *ctx,
                             const struct aws_profile *profile, struct credentials *out,
                             struct err *err)
{
    struct web_identity identity;
    struct text _cleanup_text_ text;
    const char *token = "";
    int result = web_identity_read(ctx->system, profile, &identity, err);

    text_init_secret(&text, WEB_IDENTITY_TOKEN_MAX + 64);
    if (result != 0)
        return result;
    if (read_token(ctx->system, identity.token_file, &text, &token, err) < 0 ||
        exchange_token(ctx, &identity, token, out, err) < 0)
        return ERR_FAIL;
    snprintf(out->source, sizeof out->source, "web identity token %.100s of %s%.60s",
             identity.token_file, profile ? "profile " : "the environment",
             profile ? aws_profile_name(profile) : "");
    return SOURCE_FOUND;
}
