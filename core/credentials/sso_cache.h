/*
 * sso_cache - the file in which `aws sso login` stores a token: ~/.aws/sso/cache/<SHA-1>.json.
 */
#ifndef S3DOCK_CREDENTIALS_SSO_CACHE_H
#define S3DOCK_CREDENTIALS_SSO_CACHE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct aws_system;
struct err;

#define SSO_TOKEN_MAX (8 * KIB)  /* of one field; tokens are JSON web tokens of a few KiB */
#define SSO_CACHE_MAX (64 * KIB) /* of the file */

/* A token. 0 and "" where the file has nothing. */
struct sso_token {
    char access_token[SSO_TOKEN_MAX];
    int64_t expires; /* wall clock ns */
    /* for a refresh */
    char refresh_token[SSO_TOKEN_MAX];
    char client_id[SSO_TOKEN_MAX];
    char client_secret[SSO_TOKEN_MAX];
    int64_t registration_expires;
};

/* Stores the path for the name of a session or a start URL.
 * auth.login: HOME is not set or too long. */
int sso_cache_path(const struct aws_system *system, const char *name, char path[PATH_MAX],
                   struct err *err);
/* Reads the file, and registers its secrets with log_secret. The caller calls sso_token_finish
 * after success. auth.login: the file is missing, or has no token with an expiry; the message names
 * it. */
int sso_cache_read(const struct aws_system *system, const char *path, struct sso_token *out,
                   struct err *err);
/* Replaces access_token, expires and refresh_token in the file, and keeps its other members.
 * local.*, auth.login: the file cannot be read or written. */
int sso_cache_write(const struct aws_system *system, const char *path,
                    const struct sso_token *token, struct err *err);
/* Returns whether the text can be sent as a token: visible ASCII characters, at least one. */
bool sso_token_is_valid(const char *access_token);
/* Returns whether it has all that a refresh needs, and its registration is valid at `now`. */
bool sso_token_refreshable(const struct sso_token *token, int64_t now);
void sso_token_keep_secret(const struct sso_token *token); /* registers its parts with log_secret */
void sso_token_finish(struct sso_token *token);            /* wipes */

#endif
