/*
 * reading - one response while it is read, and the ways to fail it.
 */
#ifndef S3DOCK_STORE_S3_READING_H
#define S3DOCK_STORE_S3_READING_H

#include <stdbool.h>

#include "base/err.h"
#include "http/client.h"
#include "store/s3/endpoint.h"
#include "store/s3/errors.h"
#include "store/s3/verdict.h"
#include "store/store.h"

struct s3_reading {
    const struct s3_endpoint *place;
    const struct http_answer *answer;
    struct store_op *op;    /* whose request it was; gets the result */
    struct s3_reply *reply; /* gets the verdict */
};

/* Sets verdict and cause to those of `error`, and op->err: "copying to s3://bucket/key: text
 * (detail)". detail: the other side's own words, or "". */
void s3_reading_set(const struct s3_reading *r, const struct s3_error *error, const char *detail);
/* The same with S3_FAILED. */
void s3_reading_fail(const struct s3_reading *r, enum err_family family, const char *code,
                     const char *text, const char *hint);
/* The response lacks a part that S3 always sends. The cause may be temporary or a property of the
 * server, so the request is tried a few times only: S3_AGAIN, integrity.CODE. */
void s3_reading_odd(const struct s3_reading *r, const char *code, const char *text);
/* The response is a web page: network.not_s3. */
void s3_reading_web_page(const struct s3_reading *r);

bool s3_answer_is_xml(const struct http_answer *answer);
/* Returns true if the content type is HTML. Some stores use it for all their responses. */
bool s3_answer_is_html_type(const struct http_answer *answer);
/* Returns true if the response is a login page, a console, or a proxy's error page. */
bool s3_answer_is_web_page(const struct http_answer *answer);

/* Returns true for requests that create an object, which may name an encryption. */
bool s3_creates_object(enum store_verb verb);
/* "copying a part to": the verb of an op, for messages. */
const char *s3_doing(enum store_verb verb);

#endif
