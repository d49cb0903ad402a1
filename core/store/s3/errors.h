/*
 * errors - the meaning of S3's error codes, of HTTP statuses, and of faults of the connection: a
 * verdict, a text for the user, and a hint. Pure.
 */
#ifndef S3DOCK_STORE_S3_ERRORS_H
#define S3DOCK_STORE_S3_ERRORS_H

#include "base/err.h"
#include "http/client.h"
#include "http/retry.h"
#include "store/s3/verdict.h"

struct s3_error {
    enum s3_verdict verdict;
    enum retry_cause cause; /* of S3_AGAIN */
    enum err_family family;
    const char *code, *text;
    const char *hint; /* NULL: none */
};

/* Returns the error of an S3 code, whose message may refine it; NULL: the code is unknown. */
const struct s3_error *s3_error_of_code(const char *code, const char *message);
/* Returns whether it is "access denied" without a further reason. */
bool s3_error_is_denial(const struct s3_error *error);
/* Never NULL: an unknown status gets the error of its class. */
const struct s3_error *s3_error_of_status(int status);
const struct s3_error *s3_error_of_fault(enum http_fault fault);

#endif
