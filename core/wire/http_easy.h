/*
 * http_easy - what every libcurl handle of ours has in common, in one place: HTTP/1.1 only, no
 * redirects, no signals, TLS 1.2 or later, keep-alive, and silence instead of libcurl's own output.
 */
#ifndef S3DOCK_WIRE_HTTP_EASY_H
#define S3DOCK_WIRE_HTTP_EASY_H

#include <curl/curl.h>
#include <stdbool.h>

struct err;

/* Strings are borrowed for the time of the call. NULL or "": none. */
struct http_tls {
    bool insecure;       /* no certificate is checked */
    const char *ca_file; /* instead of the system's */
    const char *cert_file, *key_file;
};

/* Any thread. Makes libcurl ready, once in a process; before any other function of it. */
int http_easy_global(struct err *err);
/* A new handle with the common settings; curl_easy_cleanup() it. */
CURL *http_easy_create(const struct http_tls *tls, struct err *err);

#endif
