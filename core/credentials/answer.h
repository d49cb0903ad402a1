/*
 * answer - reads the JSON document with credentials that a credential process, a container endpoint
 * and the instance metadata service return.
 */
#ifndef S3DOCK_CREDENTIALS_ANSWER_H
#define S3DOCK_CREDENTIALS_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

struct credentials;
struct err;

struct credential_answer_rules {
    const char *what;    /* names the document in errors: "the output of credential_process" */
    const char *code;    /* of errors: CODE_ANSWER or CODE_PROCESS, family ERR_AUTH */
    bool needs_version;  /* Version must be 1 */
    bool is_temporary;   /* a token and an expiration are required */
    bool allows_expired; /* expired credentials are no error */
};

/* Reads AccessKeyId, SecretAccessKey, SessionToken (or Token), Expiration and AccountId into *out;
 * kind and source are unset. Names of members match in any case. `now`: wall clock, ns. Errors
 * contain no value of the document.
 * auth.<rules->code>: no JSON, larger than 64 KiB, a member is missing or malformed, or the
 * credentials have expired. auth.denied: Code is not Success; the error has Code and Message. */
int credential_answer_read(struct view document, const struct credential_answer_rules *rules,
                           int64_t now, struct credentials *out, struct err *err);

/* Writes Code and Message of an error document as ": CODE: MESSAGE" into `out`; "" if it is
 * none. */
void credential_answer_reason(struct view document, char *out, size_t size);

#endif
