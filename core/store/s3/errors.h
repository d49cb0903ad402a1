/*
 * errors - what the store's codes, HTTP's statuses and the faults of the transport mean: verdict,
 * words for the user, and a hint. Pure.
 */
#ifndef S3DOCK_STORE_S3_ERRORS_H
#define S3DOCK_STORE_S3_ERRORS_H

#include "base/err.h"
#include "http/client.h"
#include "http/retry.h"
#include "store/s3/reply.h"

/* Hints that name a flag or a key of the configuration are in cli/print/hints.c. */
#define HINT_HTTPS "does the server speak https on this port? Then write https:// in the endpoint"
#define HINT_CACHE "is there a proxy or cache between here and the store?"
#define HINT_PORTAL                                                                                \
    "is there a login page or a proxy between here and the store, or does the endpoint name its "  \
    "web console?"

struct s3_word {
    const char *s3_code; /* or NULL */
    int status;          /* for rows without a code */
    enum s3_verdict verdict;
    enum retry_cause cause;
    enum err_family family;
    const char *code, *words, *hint;
};

const struct s3_word *s3_error_of_code(const char *code); /* NULL: not known */
/* Never NULL: a status without a row gets the one of its class. */
const struct s3_word *s3_word_of_status(int status);
const struct s3_word *s3_word_of_fault(enum http_fault fault);

#endif
