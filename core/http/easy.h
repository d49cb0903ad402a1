/*
 * easy - what every libcurl handle of ours has in common, in one place: HTTP/1.1 only, no
 * redirects, no signals, TLS 1.2 or later, keep-alive, and silence instead of libcurl's own output.
 */
#ifndef S3DOCK_HTTP_EASY_H
#define S3DOCK_HTTP_EASY_H

#include <curl/curl.h>
#include <stdbool.h>

struct err;

/* Strings are borrowed for the time of the call. NULL or "": none. */
struct http_tls {
    bool insecure;       /* no certificate is checked */
    const char *ca_file; /* its authorities only: none of the system's, no folder, no key chain */
    const char *cert_file, *key_file;
};

/* Any thread. Makes libcurl ready, once in a process; before any other function of it. */
int http_easy_global(struct err *err);
/* A new handle with the common settings; curl_easy_cleanup() it. */
CURL *http_easy_create(const struct http_tls *tls, struct err *err);
/* Sets what `easy` trusts, what it shows, and TLS 1.2 as the oldest version, for the server and for
 * a proxy that speaks TLS. Every handle of this program gets its TLS settings here. */
void http_easy_set_tls(CURL *easy, const struct http_tls *tls);

#define HTTP_PROXY_SIZE 256
/* Writes the proxy that libcurl takes from the environment for such URLs, "http://host:3128",
 * without its login; "" when there is none. Whether no_proxy exempts a host is not looked at. */
void http_easy_proxy(bool https, char out[HTTP_PROXY_SIZE]);

#endif
