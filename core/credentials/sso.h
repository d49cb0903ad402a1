/*
 * sso - credentials of IAM Identity Center (AWS SSO), with the token that `aws sso login` has
 * stored. Source: "IAM Identity Center credential provider" in the AWS SDKs and Tools Reference
 * Guide.
 */
#ifndef S3DOCK_CREDENTIALS_SSO_H
#define S3DOCK_CREDENTIALS_SSO_H

#include <stdint.h>

#include "credentials/sso_cache.h"

struct aws_profile;
struct aws_settings;
struct credential_context;
struct credentials;
struct err;

/* The parameters of a profile. Strings of the settings, borrowed. */
struct sso_login {
    const char *session; /* name of the section sso-session; "": the older form without session */
    const char *start_url, *region, *account, *role;
    const char *profile; /* its name, for hints */
};

/* The state between two calls. Zero it at the start; wipe it with sso_memory_finish. Belongs to one
 * thread at a time. */
struct sso_memory {
    char path[PATH_MAX];    /* of the token that the other members are about */
    int64_t refresh_tried;  /* wall clock ns of the last refresh of the token; 0: none */
    struct sso_token fresh; /* its result: the file may be read-only */
};
void sso_memory_finish(struct sso_memory *memory);

/* Reads sso_session, or sso_start_url and sso_region, and sso_account_id and sso_role_name.
 * SOURCE_ABSENT: the profile has none of them. usage.aws_config: a part is missing, or the profile
 * contradicts the session. */
int sso_read(const struct aws_settings *settings, const struct aws_profile *profile,
             struct sso_login *out, struct err *err);

/* Gets the credentials of the role. Reads the file of the token at each call. Refreshes a token
 * that ends soon, and stores the new one in the file. *out is complete.
 * SOURCE_ABSENT and failures of sso_read. auth.login: there is no usable token. auth.denied: the
 * role is not assigned. network.service: no response, 5xx or throttling in all tries. auth.answer:
 * the response is malformed, or its credentials have expired. cancelled.*. */
int sso_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                    struct sso_memory *memory, struct credentials *out, struct err *err);

#endif
