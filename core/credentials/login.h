/*
 * login - gets credentials of a session of `aws login`: from its file, or in exchange for its
 * refresh token.
 */
#ifndef S3DOCK_CREDENTIALS_LOGIN_H
#define S3DOCK_CREDENTIALS_LOGIN_H

struct aws_profile;
struct credential_context;
struct credentials;
struct err;

/* Reads the file of the profile's login_session. Refreshes credentials that end soon, and stores
 * the new ones in the file. SOURCE_ABSENT: the profile has no login_session.
 * auth.login: the file is missing or malformed, or the session is over. If the old credentials have
 * ended: the failures of signin_refresh. cancelled.*. */
int login_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                      struct credentials *out, struct err *err);

#endif
