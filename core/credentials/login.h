/*
 * login - credentials that `aws login` stored in a file. A stale file is not refreshed: the user
 * runs `aws login` again.
 */
#ifndef S3DOCK_CREDENTIALS_LOGIN_H
#define S3DOCK_CREDENTIALS_LOGIN_H

struct aws_profile;
struct credential_context;
struct credentials;
struct err;

/* Reads the file of the profile's login_session. SOURCE_ABSENT: the profile has none. auth.login:
 * the file is missing, malformed or expired. */
int login_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                      struct credentials *out, struct err *err);

#endif
