/*
 * http1 - decodes an HTTP/1.1 response that arrives in pieces. Pure: bytes in, bytes out.
 */
#ifndef S3DOCK_HTTP_HTTP1_H
#define S3DOCK_HTTP_HTTP1_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

#define HTTP1_HEAD_MAX (64 * KIB)

enum http1_answer {
    HTTP1_MORE = 0, /* all bytes are used */
    HTTP1_HEAD = 1, /* the head is complete: status and headers can be read */
    HTTP1_BODY = 2, /* *body is a piece of the body, inside the given bytes */
    HTTP1_END = 3,  /* the response is complete */
};

struct http1 {
    int state;        /* private */
    int status;       /* 0 until HTTP1_HEAD */
    bool bodiless;    /* the response to HEAD */
    uint64_t left;    /* bytes of the body, or of the chunk */
    struct text head; /* lines, header names in lower case */
    struct text line; /* of chunk framing */
};

void http1_init(struct http1 *http, bool head_request);
void http1_finish(struct http1 *http);
/* Takes bytes from the front of *in and skips interim responses (1xx). Returns enum http1_answer,
 * or negative: docker.stream, no HTTP. */
int http1_feed(struct http1 *http, struct view *in, struct view *body, struct err *err);
/* The connection has ended. Returns 0 if the response may end there. */
int http1_eof(struct http1 *http, struct err *err);
/* Returns a header by its lower-case name, or NULL. The value lives as long as the decoder. */
const char *http1_header(const struct http1 *http, const char *name);

#endif
