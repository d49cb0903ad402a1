/*
 * client - requests in the air: one thread, one libcurl multi handle.
 *
 * The thread belongs to a driver, which decides what flies and what happens after landing.
 * libcurl's callbacks only move bytes; the driver is called between transfers, never from inside
 * one.
 *
 * Calling sequence: http_create; http_wake whenever the driver should look again; the driver's turn
 * returns HTTP_STOP when nothing is left to do; http_destroy joins.
 */
#ifndef S3DOCK_HTTP_CLIENT_H
#define S3DOCK_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "http/easy.h"
#include "http/stall.h"

struct err;
struct rate_limit;

/* Why there is no (whole) answer. */
enum http_fault {
    HTTP_FINE,     /* there is one */
    HTTP_RESOLVE,  /* host name unknown */
    HTTP_PROXY,    /* the proxy's name unknown, or it fails */
    HTTP_TUNNEL,   /* the proxy answered CONNECT with `proxy_status`, which is not 2xx */
    HTTP_REFUSED,  /* nobody listens, or no route */
    HTTP_TIMEOUT,  /* connecting took too long */
    HTTP_STALLED,  /* connected, and then silence */
    HTTP_CUT,      /* the connection ended early */
    HTTP_CERT,     /* the certificate is not trusted, or of another host */
    HTTP_CA_FILE,  /* the CA file cannot be read */
    HTTP_TLS,      /* the TLS handshake failed */
    HTTP_NO_HTTP,  /* what came is not HTTP */
    HTTP_TOO_MUCH, /* more bytes came than there is room for */
    HTTP_BROKEN,   /* anything else; `detail` has libcurl's words */
};

#define HTTP_VALUE_MAX 256

/* What came back. Header values with control characters or too long for their place count as not
 * sent. */
struct http_answer {
    enum http_fault fault;
    char detail[CURL_ERROR_SIZE]; /* of a fault, libcurl's words */
    int status;                   /* the server's; 0: not even a status line */
    int proxy_status;             /* of HTTP_TUNNEL */
    const char *proxy;      /* the environment's for this URL, without login; "" when none is set */
    bool by_proxy;          /* that proxy may have written the answer: the URL is http */
    bool amz;               /* a header began with x-amz-: an S3 server wrote it */
    int64_t content_length; /* as announced, -1: not */
    uint64_t received;      /* bytes of the body that found their place */
    bool resent; /* libcurl sent it twice, because a kept connection died on us: the first may have
                    had its effect */
    struct view body; /* of an answer that did not go to `data_to` or `data_text`: error document */
    char etag[HTTP_VALUE_MAX];
    char content_range[HTTP_VALUE_MAX];
    char content_type[HTTP_VALUE_MAX];
    char date[HTTP_VALUE_MAX];
    char last_modified[HTTP_VALUE_MAX];
    char retry_after[HTTP_VALUE_MAX];
    char bucket_region[HTTP_VALUE_MAX]; /* x-amz-bucket-region */
    char request_id[HTTP_VALUE_MAX];    /* x-amz-request-id, or what stands for it */
    char location[HTTP_VALUE_MAX];
    char encryption[HTTP_VALUE_MAX]; /* x-amz-server-side-encryption */
};

/* One question and its answer. Zero it once, with `body_text` initialised (its maximum bounds
 * what is kept of other answers; more is cut off); it may fly many times. Between http_start and
 * landing it belongs to the http thread. */
struct http_exchange {
    /* the question; everything borrowed */
    const char *method;
    const char *url;
    const char *header_lines; /* NUL-terminated "Name: value" one after the other */
    unsigned header_count;
    struct view body;
    bool has_body; /* PUT, POST */
    /* Answers with this status (0: none; 200: any 2xx), or with 200 when `data_200`, are data: they
     * go to data_to, at most data_size bytes, or are added to data_text. So is any 2xx whose
     * Content-Range begins with `data_range` ("bytes 7-"; "": none). All others go to body_text. */
    int data_status;
    bool data_200;
    char data_range[40];
    uint8_t *data_to;
    size_t data_size;
    struct text *data_text;
    int64_t stall_time; /* ns of silence, or of too few bytes: HTTP_STALLED */

    struct text body_text;
    struct http_answer answer;

    /* http's own */
    CURL *easy;
    struct curl_slist *headers;
    struct http *http;
    size_t sent_at; /* in body */
    bool heard;     /* the headers of the answer are complete */
    bool in_air, overflow, resent;
    struct rate_limit *waits; /* for this, and not for the net; or NULL */
    struct stall_watch watch;
    int64_t started;
    struct http_exchange *next; /* in the air */
    char detail[CURL_ERROR_SIZE];
};
void http_exchange_finish(struct http_exchange *exchange); /* must not be in the air */

struct http_driver {
    void *arg;
    /* Looks around: starts what is to fly. Returns the clock_monotonic() at which it wants the next
     * turn at the latest, or HTTP_STOP. */
    int64_t (*turn)(void *arg, int64_t now);
    /* An exchange is back. */
    void (*landed)(void *arg, struct http_exchange *exchange);
};
#define HTTP_STOP INT64_MIN

struct http_options {
    struct http_tls tls; /* strings are copied */
    unsigned connections;
    uint64_t rate; /* most bytes a second, of all bodies together, each way; 0: no limit */
};

struct http;
/* Nothing flies, and the driver is not called, before http_wake has been called once. */
struct http *http_create(const struct http_options *options, const struct http_driver *driver,
                         struct err *err);
void http_wake(struct http *http); /* any thread */
/* Waits for the driver's HTTP_STOP. Takes NULL. No exchange may be in the air by then; finish them
 * first, in the driver's last turn (http_drop) or before this call. */
void http_destroy(struct http *http);

/* On the http thread, from the driver. */
int http_start(struct http *http, struct http_exchange *exchange, struct err *err);
void http_drop(struct http *http, struct http_exchange *exchange); /* it does not land */
/* Bytes of bodies so far; any thread. */
void http_traffic(struct http *http, uint64_t *sent, uint64_t *received);

#endif
