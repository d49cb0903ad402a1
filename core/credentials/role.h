/*
 * role - AssumeRole: exchanges credentials for those of a role. Source: "Assume role credential
 * provider" in the AWS SDKs and Tools Reference Guide.
 *
 * The profile of the role has role_arn, and optionally role_session_name, external_id,
 * duration_seconds and mfa_serial.
 */
#ifndef S3DOCK_CREDENTIALS_ROLE_H
#define S3DOCK_CREDENTIALS_ROLE_H

#include <stdbool.h>

struct aws_profile;
struct credential_context;
struct credentials;
struct err;

#define ROLE_CODE_SIZE 8 /* an MFA code: 6 digits */

/* Checks the parameters of the role. If it needs an MFA code, asks for it on the terminal, else
 * stores "". A session that the AWS CLI has stored for the role needs no code. Call it for each
 * role of a chain before the first request of the chain.
 * usage.aws_config: a value is not allowed. auth.login: a code is needed, but may_ask is false,
 * there is no terminal, or the text is not a code. */
int role_prepare(const struct credential_context *ctx, const struct aws_profile *profile,
                 bool may_ask, char code[ROLE_CODE_SIZE], struct err *err);

/* Assumes the role with the credentials `base`. `code` is that of role_prepare. *out is complete.
 * Fails as sts_assume. */
int role_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                     const struct credentials *base, const char *code, struct credentials *out,
                     struct err *err);

#endif
