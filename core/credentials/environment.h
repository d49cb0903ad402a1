/*
 * environment - credentials from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
 */
#ifndef S3DOCK_CREDENTIALS_ENVIRONMENT_H
#define S3DOCK_CREDENTIALS_ENVIRONMENT_H

struct aws_system;
struct credential_context;
struct credentials;
struct err;

/* Returns the value of a variable, or NULL if it is not set or has only blanks. */
const char *environment_value(const struct aws_system *system, const char *name);

/* Reads the keys. AWS_SECURITY_TOKEN is used without AWS_SESSION_TOKEN; AWS_CREDENTIAL_EXPIRATION
 * is the expiry. SOURCE_ABSENT: neither key is set. auth.credentials: one key is missing or
 * malformed. usage.aws_setting: the expiry is no time. auth.login: the keys have expired. */
int environment_credentials(const struct credential_context *ctx, struct credentials *out,
                            struct err *err);

#endif
