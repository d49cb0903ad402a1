/*
 * credentials - an access key, its secret and, for temporary ones, a session token.
 *
 * They come from the options. When the store reports that they have expired, the store asks for new
 * ones (store_s3_options.renew).
 */
#ifndef S3DOCK_STORE_S3_CREDENTIALS_H
#define S3DOCK_STORE_S3_CREDENTIALS_H

#include <stdbool.h>

struct err;

struct credentials {
    char access_key[128]; /* "": none; requests are not signed */
    char secret_key[256];
    char session_token[4096]; /* "" for long-lived keys */
};

/* Copies them, and registers secret and token with log_secret. NULL and "" are the same.
 * auth.credentials: half of a pair is missing, a value has blanks or control characters (a pasted
 * line end), or is too long. */
int credentials_init(struct credentials *creds, const char *access_key, const char *secret_key,
                     const char *session_token, struct err *err);
bool credentials_anonymous(const struct credentials *creds);
void credentials_finish(struct credentials *creds); /* wipes */

#endif
