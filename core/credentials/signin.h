/*
 * signin - exchanges the refresh token of `aws login` for new credentials, at AWS Sign-In.
 */
#ifndef S3DOCK_CREDENTIALS_SIGNIN_H
#define S3DOCK_CREDENTIALS_SIGNIN_H

struct credential_context;
struct err;
struct login_session;

/* Replaces the set and, if the service gives a new one, the refresh token. The account stays. On
 * failure the session is unchanged. `tries`: the first included.
 * auth.login: the service refuses, or the key of the session cannot sign; network.service: no
 * response, 5xx or throttling in all tries; auth.answer: the response is malformed; usage.region;
 * cancelled.*. */
int signin_refresh(const struct credential_context *ctx, unsigned tries,
                   struct login_session *session, struct err *err);

#endif
