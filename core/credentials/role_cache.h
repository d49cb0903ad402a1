/*
 * role_cache - reads sessions of roles that the AWS CLI has stored: ~/.aws/cli/cache/<SHA-1>.json.
 * A session that the CLI has opened with an MFA code makes another code unnecessary.
 */
#ifndef S3DOCK_CREDENTIALS_ROLE_CACHE_H
#define S3DOCK_CREDENTIALS_ROLE_CACHE_H

struct aws_system;
struct credentials;

/* The parameters that name the file. NULL: not set. */
struct role_session {
    const char *role_arn, *session_name, *external_id, *mfa_serial;
    const char *duration; /* decimal */
};

/* Reads the keys, token and expiry of a stored session that has not expired; kind and source stay
 * 0. SOURCE_ABSENT: there is none. A file that cannot be used counts as none. */
int role_cache_read(const struct aws_system *system, const struct role_session *session,
                    struct credentials *out);

#endif
