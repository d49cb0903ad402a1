/*
 * sso_portal - gets the credentials of a role from the portal of IAM Identity Center.
 */
#ifndef S3DOCK_CREDENTIALS_SSO_PORTAL_H
#define S3DOCK_CREDENTIALS_SSO_PORTAL_H

struct credential_context;
struct credentials;
struct err;

struct sso_role {
    const char *region, *account, *name;
};

/* Gets keys, expiry and account; kind and source stay 0.
 * auth.login: the portal does not accept the token (without a hint). auth.denied: the role is not
 * assigned or does not exist. network.service, auth.answer, cancelled.*: as sso_credentials. */
int sso_portal_credentials(const struct credential_context *ctx, const struct sso_role *role,
                           const char *token, struct credentials *out, struct err *err);

#endif
