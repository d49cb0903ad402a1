/*
 * option_headers - the headers that options of the user add, and the requests that carry each.
 */
#ifndef S3DOCK_STORE_S3_OPTION_HEADERS_H
#define S3DOCK_STORE_S3_OPTION_HEADERS_H

#include <stdbool.h>

#include "store/store.h"

struct err;

enum s3_option {
    S3_ENCRYPTION,         /* AES256, aws:kms, aws:kms:dsse */
    S3_ENCRYPTION_KEY,     /* id or ARN of a key, for the latter two */
    S3_ENCRYPTION_CONTEXT, /* a JSON object, for the latter two */
    S3_BUCKET_KEY,         /* true: fewer requests to KMS */
    S3_STORAGE_CLASS,      /* of archives: STANDARD_IA, GLACIER_IR, ... */
    S3_ACL,                /* a canned ACL: bucket-owner-full-control, ... */
    S3_TAGS,               /* "a=b&c=d", percent-encoded */
    S3_LOCK_MODE,          /* of archives: GOVERNANCE, COMPLIANCE */
    S3_LOCK_UNTIL,         /* of archives: RFC 3339 */
    S3_LEGAL_HOLD,         /* of archives: ON */
    S3_REQUEST_PAYER,      /* requester */
    S3_BUCKET_OWNER,       /* the account that the bucket must belong to */
    S3_CUSTOMER_KEY,       /* 32 bytes in base64: the store encrypts with it and does not keep it */
    S3_OPTION_COUNT,
    /* computed from the customer key */
    S3_CUSTOMER_ALGORITHM = S3_OPTION_COUNT,
    S3_CUSTOMER_KEY_MD5,
    S3_HEADER_VALUES
};

struct s3_option_headers {
    char *values[S3_HEADER_VALUES]; /* owned, as sent; NULL: the header is not sent */
};

/* Checks and copies the values; NULL or "": not set. The caller calls s3_option_headers_finish,
 * after a failure, too. Fails with usage.encryption, usage.storage_class, usage.acl, usage.tags,
 * usage.lock, usage.bucket_owner. */
int s3_option_headers_init(struct s3_option_headers *headers,
                           const char *const values[S3_OPTION_COUNT], struct err *err);
void s3_option_headers_finish(struct s3_option_headers *headers);

/* One header of a request. */
struct s3_option_header {
    const char *name; /* lower case */
    enum s3_option option;
};
/* Returns the next header that requests with this verb carry; `archive`: store_op.archive. *at
 * begins at 0. NULL: there are no more. */
const struct s3_option_header *s3_option_header_next(enum store_verb verb, bool archive,
                                                     unsigned *at);

#endif
