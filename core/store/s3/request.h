/*
 * request - writes a store_op as an S3 request. Pure.
 *
 * The request consists of method, path and query (escaped once), headers and body: everything that
 * is signed, except the time (request_sign.h). Only the document of an UPLOAD_COMPLETE is
 * allocated.
 */
#ifndef S3DOCK_STORE_S3_REQUEST_H
#define S3DOCK_STORE_S3_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "base/bytes.h"
#include "store/s3/body_digest.h"
#include "store/s3/endpoint.h"
#include "store/s3/option_headers.h"
#include "store/store.h"

struct err;

#define S3_PATH_MAX     4096        /* prefix and bucket, and a key of 1024 bytes, all escaped */
#define S3_QUERY_MAX    (12 * 1024) /* two markers of 1024 bytes, escaped, and words */
#define S3_HEADERS_MAX  24          /* of an op, without those of the signature */
#define S3_VALUES_MAX   (16 * 1024) /* all header values of an op */
#define S3_COMPLETE_MAX (4 * 1024 * 1024) /* 10 000 parts, each ETag up to 255 bytes, escaped */

/* Forms that some servers need (quirks.h). */
struct s3_form {
    bool bare_etags;         /* If-Match of a write without the quotes of the ETag */
    bool unconditional_copy; /* a copy without the condition on its source */
    bool content_md5; /* Content-MD5 with each body of an object or part, and no other digest */
    bool no_location; /* a bucket is created without the name of its region */
    bool aes256;      /* new objects request AES256; no other encryption is set */
};

struct s3_request {
    const char *method;
    const char *host; /* with the port */
    char path[S3_PATH_MAX];
    char query[S3_QUERY_MAX];                    /* sorted; "" when there is none */
    struct sigv4_header headers[S3_HEADERS_MAX]; /* lower-case names, values in `values` */
    unsigned header_count;
    char values[S3_VALUES_MAX];
    size_t values_used;
    struct view body; /* the op's, or `document` */
    struct text document;
    bool has_digest; /* it has one of its body */
    bool has_body;   /* PUT and POST: it has a Content-Length, even 0 */

    /* set by the caller before s3_request_build */
    const struct s3_option_headers *options; /* NULL: none */
    enum s3_checksum checksum;               /* policy for bodies */
    const char *detour;                      /* another host for this request; NULL: the place's */
    struct s3_form form;
};

/* Call them once: before the first build, and at the end. */
void s3_request_init(struct s3_request *request);
void s3_request_finish(struct s3_request *request);
/* Builds the request of `op`; may be called again for another op. A STORE_HEAD without a key is a
 * HEAD of the bucket. The op's strings must outlive the request.
 * usage.key: the key is empty or too long, or has a segment "." or "..". integrity.listing: the
 * token is too long. */
int s3_request_build(struct s3_request *request, const struct s3_endpoint *place,
                     const struct store_op *op, struct err *err);

#endif
