/*
 * consent - settings of a file in the current folder that need the user's word.
 *
 * Whoever made the folder (a clone, an archive) wrote that file. It may choose among what the user
 * has: bucket, region, profile, speed. It may not decide where the user's credentials go, weaken
 * TLS, or move Docker, unless the user trusts the file (trust.h) or named it. docs/configuration.md
 * has the list.
 */
#ifndef S3DOCK_CLI_CONSENT_H
#define S3DOCK_CLI_CONSENT_H

struct err;
struct config;

/* 0, or usage.trust: before any request to the bucket. Allowed is an endpoint of that file for
 * requests without credentials, and for credentials of the same file. Credentials that are looked
 * for later than the configuration (roles, other programs) do not count as "without": whoever adds
 * such a source asks here before it is used. */
int consent_store(const struct config *config, struct err *err);
/* 0, or usage.trust: before the daemon is asked anything. */
int consent_docker(const struct config *config, struct err *err);

#endif
