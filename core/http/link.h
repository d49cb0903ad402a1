/*
 * link - the state that all exchanges of an http client share: TLS settings, proxies, sockets, rate
 * limits, counters. The http thread uses it; `sent` and `received` can be read by any thread.
 */
#ifndef S3DOCK_HTTP_LINK_H
#define S3DOCK_HTTP_LINK_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/easy.h"
#include "http/rate_limit.h"

#define HTTP_SOCKETS_MAX 128

struct err;

struct http_link {
    struct http_tls tls;
    char *tls_files[3];               /* owned; tls points to them */
    char proxies[2][HTTP_PROXY_SIZE]; /* for http and https, as of the start of the program */
    struct rate_limit up, down;
    unsigned active;                      /* exchanges that run */
    atomic_uint_least64_t sent, received; /* bytes of bodies */
    int sockets[HTTP_SOCKETS_MAX];        /* open ones; later ones are not acknowledged early */
    unsigned socket_count;
};

/* `rate`: bytes a second, each way; 0: no limit. Copies the strings of `tls`. */
int http_link_init(struct http_link *link, const struct http_tls *tls, uint64_t rate,
                   struct err *err);
void http_link_finish(struct http_link *link);

/* Lets libcurl open and close the sockets of `easy` through the link. */
void http_link_attach(struct http_link *link, CURL *easy);
/* Acknowledges the received bytes of all sockets at once. */
void http_link_acknowledge(const struct http_link *link);

#endif
