/*
 * sigv4 - AWS Signature Version 4, header form. Pure: the time is an argument, nothing is cached.
 *
 * Path and query must be spelled as they are sent: S3 escapes a path once and normalises nothing.
 * All headers to be signed must be listed, `host` and `x-amz-date` among them.
 */
#ifndef S3DOCK_AWS_SIGV4_H
#define S3DOCK_AWS_SIGV4_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define SIGV4_HEADERS_MAX 40 /* in one request */
#define SIGV4_VALUE_MAX   1024
/* "AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, SignedHeaders=..." */
#define SIGV4_AUTHORIZATION_MAX 3072

struct sigv4_header {
    const char *name; /* lower case */
    const char *value;
};

struct sigv4_request {
    const char *method;
    const char *path;  /* "/bucket/key", escaped */
    const char *query; /* "a=1&b=2", escaped and sorted by name; "" when there is none */
    const struct sigv4_header *headers; /* any order; equal names keep theirs */
    unsigned header_count;
    const char *payload_hash; /* 64 hex digits, or "UNSIGNED-PAYLOAD" */
};

struct sigv4_key {
    const char *access_key, *secret_key;
    const char *region, *service;
};

/* Writes the value of the Authorization header for a request sent at `wall_ns`; its x-amz-date must
 * be clock_amz() of the same instant. internal.signature: a bound above is exceeded. */
int sigv4_sign(const struct sigv4_request *request, const struct sigv4_key *key, int64_t wall_ns,
               char authorization[SIGV4_AUTHORIZATION_MAX], struct err *err);

#endif
