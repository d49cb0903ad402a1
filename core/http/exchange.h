/*
 * exchange - one HTTP request and its response, over a libcurl easy handle.
 *
 * The callbacks of libcurl move the bytes: a body goes from the submitter's view into libcurl's
 * send buffer, and from its receive buffer to its destination. Nothing else is copied or kept.
 */
#ifndef S3DOCK_HTTP_EXCHANGE_H
#define S3DOCK_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "http/easy.h"
#include "http/stall.h"

struct err;
struct http_link;
struct rate_limit;

/* The reason for the lack of a whole response. */
enum http_fault {
    HTTP_FINE,           /* there is one */
    HTTP_RESOLVE,        /* unknown host name */
    HTTP_PROXY,          /* unknown name of the proxy, or the proxy fails */
    HTTP_TUNNEL,         /* the proxy refused CONNECT with `proxy_status` */
    HTTP_REFUSED,        /* connection refused, or no route */
    HTTP_TIMEOUT,        /* connecting took too long */
    HTTP_STALLED,        /* connected, and then too few bytes */
    HTTP_CUT,            /* the connection ended early */
    HTTP_CERT,           /* the certificate is not trusted, or of another host */
    HTTP_CA_FILE,        /* the CA file cannot be read */
    HTTP_NO_AUTHORITIES, /* no CA file is set, and the machine has no authorities */
    HTTP_OWN_CERT, /* the server demands a client certificate, or the own one cannot be used */
    HTTP_TLS,      /* the TLS handshake failed */
    HTTP_NO_HTTP,  /* the response is not HTTP */
    HTTP_TOO_MUCH, /* the response is larger than its destination */
    HTTP_BROKEN,   /* anything else; `detail` has libcurl's words */
};

#define HTTP_VALUE_MAX 256

/* The response. Header values that have control characters or are too long count as not sent. */
struct http_answer {
    enum http_fault fault;
    char detail[CURL_ERROR_SIZE]; /* of a fault, libcurl's words */
    int status;                   /* the server's; 0: not even a status line */
    int proxy_status;             /* of HTTP_TUNNEL */
    const char *proxy;      /* the environment's for this URL, without login; "" when none is set */
    bool by_proxy;          /* the proxy may have written the response: the URL is http */
    bool amz;               /* a header began with x-amz-: an S3 server wrote it */
    int64_t content_length; /* as announced; -1: not announced */
    uint64_t received;      /* bytes of the body that reached their destination */
    bool resent;      /* libcurl sent the request twice, because a kept connection was closed: the
                         first may have taken effect */
    struct view body; /* of a response that was not stored in `data_to` or `data_text` */
    char etag[HTTP_VALUE_MAX];
    char content_range[HTTP_VALUE_MAX];
    char content_type[HTTP_VALUE_MAX];
    char date[HTTP_VALUE_MAX];
    char last_modified[HTTP_VALUE_MAX];
    char retry_after[HTTP_VALUE_MAX];
    char bucket_region[HTTP_VALUE_MAX]; /* x-amz-bucket-region */
    char request_id[HTTP_VALUE_MAX];    /* x-amz-request-id, or x-amzn-requestid */
    char location[HTTP_VALUE_MAX];
    char encryption[HTTP_VALUE_MAX]; /* x-amz-server-side-encryption */
};

/* Zero it once and initialise `body_text`: its maximum bounds what is kept of error responses. It
 * can be used for one request after the other. From http_start until it is finished, it belongs to
 * the http thread. */
struct http_exchange {
    /* the request; all pointers are borrowed */
    const char *method;
    const char *url;
    const char *header_lines; /* "Name: value", NUL-terminated, one after the other */
    unsigned header_count;
    struct view body;
    bool has_body; /* PUT, POST */
    /* Responses with this status (0: none; 200: any 2xx), or with 200 when `data_200`, are data:
     * they go to data_to, at most data_size bytes, or are added to data_text. So is any 2xx whose
     * Content-Range begins with `data_range` ("bytes 7-"; "": none). All others go to body_text. */
    int data_status;
    bool data_200;
    char data_range[40];
    uint8_t *data_to;
    size_t data_size;
    struct text *data_text;
    int64_t stall_time; /* ns without bytes, or with too few of them: HTTP_STALLED */

    struct text body_text;
    struct http_answer answer;

    /* private to http */
    CURL *easy;
    struct curl_slist *headers;
    struct http_link *link;
    size_t sent_at;      /* bytes of the body that libcurl took */
    size_t header_bytes; /* of all headers and trailers of the response */
    bool has_headers;    /* the headers of the response are complete */
    bool active, overflow, resent;
    struct rate_limit *waits; /* paused for this limit, or NULL */
    struct stall_watch watch;
    int64_t started;
    struct http_exchange *next; /* in the client's list */
    char detail[CURL_ERROR_SIZE];
};

/* Prepares the easy handle for the request. The handle is added to a multi handle by the caller. */
int http_exchange_begin(struct http_exchange *exchange, struct http_link *link, struct err *err);
/* Fills the rest of the response after the transfer, which ended with `code`. */
void http_exchange_end(struct http_exchange *exchange, CURLcode code);
/* Frees the request's headers. */
void http_exchange_drop_headers(struct http_exchange *exchange);
/* Frees everything; the exchange must not be active. */
void http_exchange_finish(struct http_exchange *exchange);
/* Bytes of bodies that the exchange will move, as far as known. */
uint64_t http_exchange_size(const struct http_exchange *exchange);

#endif
