/*
 * http1 - takes an HTTP/1.1 answer apart, however it arrives. Pure: bytes in, bytes out.
 */
#ifndef S3DOCK_HTTP_HTTP1_H
#define S3DOCK_HTTP_HTTP1_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

#define HTTP1_HEAD_MAX (64 * KIB)

enum http1_answer {
    HTTP1_MORE = 0, /* all bytes are used up */
    HTTP1_HEAD = 1, /* the head is complete: status and headers can be asked for */
    HTTP1_BODY = 2, /* *body is a piece of the body, inside the bytes that were given */
    HTTP1_END = 3,  /* the answer is complete */
};

struct http1 {
    int state;        /* http1.c's own */
    int status;       /* 0 until HTTP1_HEAD */
    bool bodiless;    /* the answer to HEAD */
    uint64_t left;    /* bytes of the body, or of the chunk */
    struct text head; /* lines, header names in lower case */
    struct text line; /* of chunk framing */
};

void http1_init(struct http1 *http, bool head_request);
void http1_finish(struct http1 *http);
/* Takes bytes from the front of *in. Interim answers (1xx) are passed over. Negative
 * (docker.stream) when it is no HTTP. */
int http1_feed(struct http1 *http, struct view *in, struct view *body, struct err *err);
/* The connection is at its end: 0 when the answer may end like that. */
int http1_eof(struct http1 *http, struct err *err);
/* A header by its lower-case name, or NULL; the value lives as long as the decoder. */
const char *http1_header(const struct http1 *http, const char *name);

#endif
