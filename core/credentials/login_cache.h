/*
 * login_cache - the file in which `aws login` stores a session:
 * ~/.aws/login/cache/<SHA-256>.json.
 */
#ifndef S3DOCK_CREDENTIALS_LOGIN_CACHE_H
#define S3DOCK_CREDENTIALS_LOGIN_CACHE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "credentials/credentials.h"

struct aws_system;
struct err;

#define LOGIN_CACHE_MAX   (64 * KIB) /* of the file */
#define LOGIN_REFRESH_MAX (16 * KIB) /* of the refresh token */

struct login_session {
    struct credentials set; /* with expiry and account; kind and source are 0 */
    /* for a refresh; "" where the file has nothing */
    char refresh_token[LOGIN_REFRESH_MAX];
    char client_id[512];
    char key[4 * KIB]; /* a private key, PEM */
};

/* Stores the path for the login_session of a profile. AWS_LOGIN_CACHE_DIRECTORY is another folder.
 * auth.login: HOME is not set, or the path is too long. */
int login_cache_path(const struct aws_system *system, const char *session, char path[PATH_MAX],
                     struct err *err);
/* Reads the file and registers its secrets with log_secret. The caller calls login_session_finish.
 * auth.login: the file is missing or has no valid credentials; the message names it. */
int login_cache_read(const struct aws_system *system, const char *path, struct login_session *out,
                     struct err *err);
/* Replaces accessToken and refreshToken in the file, and keeps its other members. Fails as
 * login_cache_read, and with local.*. */
int login_cache_write(const struct aws_system *system, const char *path,
                      const struct login_session *session, struct err *err);
bool login_session_refreshable(const struct login_session *session);
void login_session_finish(struct login_session *session); /* wipes */

#endif
