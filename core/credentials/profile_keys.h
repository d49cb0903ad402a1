/*
 * profile_keys - reads the credentials in a profile: aws_access_key_id, aws_secret_access_key and
 * aws_session_token.
 */
#ifndef S3DOCK_CREDENTIALS_PROFILE_KEYS_H
#define S3DOCK_CREDENTIALS_PROFILE_KEYS_H

#include <stdbool.h>

struct aws_profile;
struct credential_context;
struct credentials;
struct err;

/* Checks the pair without its values. SOURCE_ABSENT: neither key is set. auth.credentials: one is
 * missing, or they are of different files. */
int profile_keys_check(const struct aws_profile *profile, struct err *err);
/* Returns whether the keys are of the credentials file (true) or of the config file. */
bool profile_keys_from_credentials(const struct aws_profile *profile);
/* Returns whether the profile has a session token in the other file, which is not used. */
bool profile_keys_other_token(const struct aws_profile *profile);
/* Reads the keys. Results of profile_keys_check; auth.credentials: a value is malformed. */
int profile_keys_credentials(const struct credential_context *ctx,
                             const struct aws_profile *profile, struct credentials *out,
                             struct err *err);

#endif
