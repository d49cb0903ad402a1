/*
 * credentials - an access key, its secret and, for temporary ones, a session token and the time of
 * their expiry. A plain value: copy it, and wipe each copy with credentials_finish.
 */
#ifndef S3DOCK_CREDENTIALS_CREDENTIALS_H
#define S3DOCK_CREDENTIALS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* The kind of the source that gave them. */
enum credential_kind {
    CREDENTIALS_NONE,         /* anonymous: requests are not signed */
    CREDENTIALS_OWN,          /* s3dock's own flags, variables or profile */
    CREDENTIALS_ENVIRONMENT,  /* AWS_ACCESS_KEY_ID */
    CREDENTIALS_PROFILE,      /* keys in an AWS file */
    CREDENTIALS_ROLE,         /* AssumeRole */
    CREDENTIALS_WEB_IDENTITY, /* AssumeRoleWithWebIdentity */
    CREDENTIALS_SSO,
    CREDENTIALS_LOGIN, /* aws login */
    CREDENTIALS_PROCESS,
    CREDENTIALS_CONTAINER,
    CREDENTIALS_INSTANCE,
};

#define CREDENTIALS_TOKEN_MAX (16 * 1024)

struct credentials {
    char access_key[128]; /* "": none; requests are not signed */
    char secret_key[256];
    char session_token[CREDENTIALS_TOKEN_MAX]; /* "" for long-lived keys */
    int64_t expiry;                            /* wall clock ns; 0: none is known */
    int64_t clock_offset; /* the issuer's clock minus ours, ns; 0: not known, or small */
    char account[16];     /* "": not known */
    enum credential_kind kind;
    char source[192]; /* for messages: "profile ci in /home/u/.aws/config"; no secret */
};

/* Copies them, and registers secret and token with log_secret. NULL and "" are the same. Other
 * members become zero.
 * auth.credentials: half of a pair is missing, a value has blanks or control characters (a pasted
 * line end), or is too long. */
int credentials_init(struct credentials *creds, const char *access_key, const char *secret_key,
                     const char *session_token, struct err *err);
bool credentials_anonymous(const struct credentials *creds);
/* Returns whether the key or its secret begins and ends with a quotation mark. Keys of AWS have
 * none: such keys were copied from a shell script. */
bool credentials_quoted(const struct credentials *creds);
/* Returns whether both have the same key, secret and token. */
bool credentials_equal(const struct credentials *a, const struct credentials *b);
/* Returns the word of the kind for results: "environment", "profile", "role", "web_identity",
 * "sso", "login", "process", "container", "imds", "s3dock", "anonymous". */
const char *credentials_kind_name(enum credential_kind kind);
/* Returns how a user gets new credentials after the expiry: "run aws sso login". */
const char *credentials_remedy(enum credential_kind kind);
void credentials_finish(struct credentials *creds); /* wipes */

#endif
