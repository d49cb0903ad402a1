/* The parameters are checked before the first request: the messages of STS are less exact. */
#include "credentials/role.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/profiles.h"
#include "aws/system.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/credentials.h"
#include "credentials/role_cache.h"
#include "credentials/session_name.h"
#include "credentials/source.h"
#include "credentials/sts.h"
#include "os/memory.h"

#define EXTERNAL_ID_MAX 1224
#define DURATION_MIN    900
#define DURATION_MAX    43200
#define MFA_SERIAL_MAX  256
#define MFA_CODE_DIGITS 6
#define SESSION_LEAST   (15 * 60 * NS_PER_S) /* with less time left, a new code is asked for */

/* Returns the value; NULL if it is absent or empty. */
static const char *value_of(const struct aws_profile *profile, const char *key)
{
    const char *value = aws_profile_get(profile, key);

    return value && *value ? value : NULL;
}

/* Returns whether the text is an integer; another text is ignored, as AWS programs do. */
static bool read_duration(const char *text, long *seconds)
{
    char *end;

    if (!text || strspn(text, "+-0123456789") != strlen(text))
        return false;
    *seconds = strtol(text, &end, 10);
    return end != text && !*end;
}

static int check_parameters(const struct aws_profile *profile, struct err *err)
{
    const char *external_id = value_of(profile, "external_id");
    const char *name = aws_profile_name(profile);
    long seconds;

    if (session_name_check(value_of(profile, "role_session_name"), ERR_USAGE, CODE_AWS_CONFIG,
                           "role_session_name", err) < 0)
        return err_wrap(err, "profile %s", name);
    if (external_id && (strlen(external_id) < 2 || strlen(external_id) > EXTERNAL_ID_MAX))
        return err_set(err, ERR_USAGE, CODE_AWS_CONFIG,
                       "profile %s: external_id must have 2 to %d characters", name,
                       EXTERNAL_ID_MAX);
    if (read_duration(value_of(profile, "duration_seconds"), &seconds) &&
        (seconds < DURATION_MIN || seconds > DURATION_MAX))
        return err_set(err, ERR_USAGE, CODE_AWS_CONFIG,
                       "profile %s: duration_seconds is %ld, not %d to %d", name, seconds,
                       DURATION_MIN, DURATION_MAX);
    return 0;
}

/* ---- MFA ---- */

static int fail_without_code(const struct aws_profile *profile, const char *why, struct err *err)
{
    err_set(err, ERR_AUTH, CODE_LOGIN, "profile %s needs a code of the MFA device %s: %s",
            aws_profile_name(profile), value_of(profile, "mfa_serial"), why);
    return err_hint(err,
                    "run the command on a terminal; or run: aws sts get-caller-identity --profile "
                    "%.100s, whose session s3dock then uses",
                    aws_profile_name(profile));
}

static int ask_code(const struct credential_context *ctx, const struct aws_profile *profile,
                    char code[ROLE_CODE_SIZE], struct err *err)
{
    char prompt[MFA_SERIAL_MAX + 32], typed[64] = "";
    int result;

    snprintf(prompt, sizeof prompt, "Enter MFA code for %.*s: ", MFA_SERIAL_MAX,
             value_of(profile, "mfa_serial"));
    result = ctx->system->ask(ctx->system->arg, prompt, typed, sizeof typed, err);
    if (result == SYSTEM_ABSENT)
        return fail_without_code(profile, "there is no terminal to ask for it", err);
    if (result < 0)
        return ERR_FAIL;
    if (strlen(typed) != MFA_CODE_DIGITS || strspn(typed, "0123456789") != MFA_CODE_DIGITS)
        result = fail_without_code(profile, "the typed text is not 6 digits", err);
    else
        str_copy(code, ROLE_CODE_SIZE, typed);
    os_wipe(typed, sizeof typed);
    return result;
}

/* Gets the session that the AWS CLI has stored for the role and its MFA device. */
static int read_session(const struct credential_context *ctx, const struct aws_profile *profile,
                        struct credentials *out)
{
    char duration[24];
    struct role_session session = {.role_arn = value_of(profile, "role_arn"),
                                   .session_name = value_of(profile, "role_session_name"),
                                   .external_id = value_of(profile, "external_id"),
                                   .mfa_serial = value_of(profile, "mfa_serial")};
    long seconds;

    if (read_duration(value_of(profile, "duration_seconds"), &seconds)) {
        snprintf(duration, sizeof duration, "%ld", seconds);
        session.duration = duration;
    }
    return role_cache_read(ctx->system, &session, out);
}

/* Returns whether a stored session makes a code unnecessary. */
static bool has_session(const struct credential_context *ctx, const struct aws_profile *profile,
                        int64_t least)
{
    struct credentials stored;
    bool found = read_session(ctx, profile, &stored) == SOURCE_FOUND &&
                 stored.expiry - ctx->system->now(ctx->system->arg) > least;

    credentials_finish(&stored);
    return found;
}

int role_prepare(const struct credential_context *ctx, const struct aws_profile *profile,
                 bool may_ask, char code[ROLE_CODE_SIZE], struct err *err)
{
    code[0] = '\0';
    if (check_parameters(profile, err) < 0)
        return ERR_FAIL;
    if (!value_of(profile, "mfa_serial") || has_session(ctx, profile, may_ask ? SESSION_LEAST : 0))
        return 0;
    if (!may_ask)
        return fail_without_code(profile, "a running transfer does not ask for it", err);
    return ask_code(ctx, profile, code, err);
}

/* ---- the request ---- */

static int send_request(const struct credential_context *ctx, const struct aws_profile *profile,
                        const struct credentials *base, const char *code, struct credentials *out,
                        struct err *err)
{
    const char *role_arn = value_of(profile, "role_arn");
    char session_name[SESSION_NAME_SIZE], duration[24], proof[256];
    long seconds;
    bool timed = read_duration(value_of(profile, "duration_seconds"), &seconds);
    const struct sts_field fields[] = {
        {"RoleArn", role_arn},
        {"RoleSessionName", session_name},
        {"ExternalId", value_of(profile, "external_id")},
        {"DurationSeconds", timed ? duration : NULL},
        {"SerialNumber", *code ? value_of(profile, "mfa_serial") : NULL},
        {"TokenCode", *code ? code : NULL},
    };
    const struct sts_request request = {.action = "AssumeRole",
                                        .fields = fields,
                                        .field_count = ARRAY_SIZE(fields),
                                        .signer = base,
                                        .role_arn = role_arn,
                                        .proof = proof};

    session_name_make(value_of(profile, "role_session_name"), ctx->system, session_name);
    snprintf(duration, sizeof duration, "%ld", timed ? seconds : 0);
    snprintf(proof, sizeof proof, "the keys of %s", base->source);
    return sts_assume(ctx, &request, out, err);
}

int role_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                     const struct credentials *base, const char *code, struct credentials *out,
                     struct err *err)
{
    bool stored = value_of(profile, "mfa_serial") && !*code;

    if (stored && read_session(ctx, profile, out) != SOURCE_FOUND)
        return fail_without_code(profile, "the session of the AWS CLI is over", err);
    if (!stored && send_request(ctx, profile, base, code, out, err) < 0)
        return ERR_FAIL;
    out->kind = CREDENTIALS_ROLE;
    snprintf(out->source, sizeof out->source, "role %.100s of profile %.50s%s",
             value_of(profile, "role_arn"), aws_profile_name(profile),
             stored ? ", by the AWS CLI" : "");
    return SOURCE_FOUND;
}
