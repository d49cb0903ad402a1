/*
 * web_identity - AssumeRoleWithWebIdentity: exchanges a token in a file, which Kubernetes, GitHub
 * or another issuer wrote, for credentials of a role. Source: "Assume role credential provider" in
 * the AWS SDKs and Tools Reference Guide.
 */
#ifndef S3DOCK_CREDENTIALS_WEB_IDENTITY_H
#define S3DOCK_CREDENTIALS_WEB_IDENTITY_H

struct aws_profile;
struct aws_system;
struct credential_context;
struct credentials;
struct err;

#define WEB_IDENTITY_TOKEN_MAX 20000 /* bytes: the limit of STS */

/* Strings of the environment or the profile, borrowed. */
struct web_identity {
    const char *token_file, *role_arn;
    const char *session_name; /* "": one is made */
};

/* Reads the parameters from web_identity_token_file, role_arn and role_session_name of a profile,
 * or with profile NULL from AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME.
 * SOURCE_ABSENT: no token file is named. usage.aws_config (profile) or usage.aws_setting
 * (environment): the role is missing, or the name of the session is not valid. */
int web_identity_read(const struct aws_system *system, const struct aws_profile *profile,
                      struct web_identity *out, struct err *err);

/* Gets the credentials. Reads the file at each call: its writer replaces it. *out is complete.
 * SOURCE_ABSENT and failures of web_identity_read; auth.token_file: the file is missing, cannot be
 * read, is empty or too long; those of sts_assume. */
int web_identity_credentials(const struct credential_context *ctx,
                             const struct aws_profile *profile, struct credentials *out,
                             struct err *err);

#endif
