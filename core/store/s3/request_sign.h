/*
 * request_sign - the header lines of a request, with its signature. Pure.
 */
#ifndef S3DOCK_STORE_S3_REQUEST_SIGN_H
#define S3DOCK_STORE_S3_REQUEST_SIGN_H

#include <stdint.h>

#include "base/bytes.h"
#include "credentials/credentials.h"

struct err;
struct s3_endpoint;
struct s3_request;

/* Adds the header lines "Name: value" to `lines`, each NUL-terminated, with the signature, and adds
 * their number to *count. `payload_hash` as in sigv4.h; `wall_ns`: time of sending.
 * integrity.header: a value has a control character. usage.combination: an option needs
 * credentials, and there are none. */
int s3_request_sign(const struct s3_request *request, const struct s3_endpoint *place,
                    const struct credentials *creds, const char *payload_hash, int64_t wall_ns,
                    struct text *lines, unsigned *count, struct err *err);

#endif
