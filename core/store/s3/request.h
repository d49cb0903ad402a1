/*
 * request - a store_op spelled as an S3 request. Pure.
 *
 * Everything that goes into the signature but the time is decided here: method, host, path and
 * query (escaped once), headers, body. Nothing is allocated but the document of an UPLOAD_COMPLETE.
 */
#ifndef S3DOCK_STORE_S3_REQUEST_H
#define S3DOCK_STORE_S3_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "store/s3/credentials.h"
#include "store/s3/endpoint.h"
#include "store/s3/sigv4.h"
#include "store/store.h"

struct err;

#define S3_PATH_MAX     4096        /* prefix and bucket, and a key of 1024 bytes, all escaped */
#define S3_QUERY_MAX    (12 * 1024) /* two markers of 1024 bytes, escaped, and words */
#define S3_HEADERS_MAX  12          /* of an op, without those of the signature */
#define S3_VALUES_MAX   (8 * 1024)  /* all header values of an op */
#define S3_COMPLETE_MAX (4 * 1024 * 1024) /* 10 000 parts, each ETag up to 255 bytes, escaped */

struct s3_request {
    const char *method;
    char path[S3_PATH_MAX];
    char query[S3_QUERY_MAX];                    /* sorted; "" when there is none */
    struct sigv4_header headers[S3_HEADERS_MAX]; /* lower-case names, values in `values` */
    unsigned header_count;
    char values[S3_VALUES_MAX];
    size_t values_used;
    struct view body; /* the op's, or `document` */
    struct text document;
    const char *encryption, *encryption_key; /* the store's: of objects that are written; or "" */
    bool bare_etags;   /* the store's: If-Match of a write goes without the quotes of the ETag */
    bool unasked_copy; /* the store's: a copy goes without the condition on its source */
    bool with_md5;     /* the store's: bodies of objects and parts go with their Content-MD5 */
    bool has_md5;      /* as built: it carries one */
    bool has_body;     /* PUT and POST: a Content-Length goes along even when it is 0 */
};

/* Once, before the first build; and at the end. */
void s3_request_init(struct s3_request *request);
void s3_request_finish(struct s3_request *request);
/* May be called again for another op. The op's strings must outlive the request. Fails for what
 * cannot be asked of S3 at all (usage.key: empty or too long, or a segment "." or ".."). */
int s3_request_build(struct s3_request *request, const struct s3_endpoint *place,
                     const struct store_op *op, struct err *err);

/* The headers for one try, those of the signature included, ready for the wire: "Name: value"
 * lines. `payload_hash` as in sigv4; `wall_ns` is when it is sent. Adds one NUL-terminated line
 * after the other to `lines` and counts them. integrity.header: a value has a control character. */
int s3_request_sign(const struct s3_request *request, const struct s3_endpoint *place,
                    const struct credentials *creds, const char *payload_hash, int64_t wall_ns,
                    struct text *lines, unsigned *count, struct err *err);

#endif
