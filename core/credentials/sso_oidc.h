/*
 * sso_oidc - exchanges a refresh token of IAM Identity Center for a new token.
 */
#ifndef S3DOCK_CREDENTIALS_SSO_OIDC_H
#define S3DOCK_CREDENTIALS_SSO_OIDC_H

struct credential_context;
struct err;
struct sso_token;

/* Replaces access_token, expires and, if the service gives a new one, refresh_token. On failure the
 * token is unchanged. `tries`: the first included.
 * auth.login: the service refuses; network.service: no response, 5xx or throttling in all tries;
 * auth.answer: the response is malformed; cancelled.*. */
int sso_oidc_refresh(const struct credential_context *ctx, const char *region, unsigned tries,
                     struct sso_token *token, struct err *err);

#endif
