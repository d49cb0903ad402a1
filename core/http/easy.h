/*
 * easy - the settings that all libcurl handles share: HTTP/1.1 only, no redirects, no signals, TLS
 * 1.2 or later, keep-alive, no output of libcurl.
 */
#ifndef S3DOCK_HTTP_EASY_H
#define S3DOCK_HTTP_EASY_H

#include <curl/curl.h>
#include <stdbool.h>

struct err;

/* Strings are borrowed for the time of the call. NULL or "": none. */
struct http_tls {
    bool insecure;       /* no certificate is checked */
    const char *ca_file; /* only its authorities, none of the system */
    const char *cert_file, *key_file;
};

/* Initialises libcurl, once in a process. Call it before other functions of libcurl. Any thread. */
int http_easy_global(struct err *err);
/* Creates a handle with the common settings. The caller frees it with curl_easy_cleanup. */
CURL *http_easy_create(const struct http_tls *tls, struct err *err);
/* Sets trusted authorities, own certificate and TLS 1.2 as the oldest version, for the server and
 * for a proxy with TLS. All handles of this program get their TLS settings here. */
void http_easy_set_tls(CURL *easy, const struct http_tls *tls);

/* Appends "Name: value" to the list, which the caller frees with curl_slist_free_all, after a
 * failure, too. */
int http_easy_add_header(struct curl_slist **headers, const char *line, struct err *err);

#define HTTP_PROXY_SIZE 256
/* Writes the proxy that libcurl takes from the environment for such URLs, "http://host:3128",
 * without its login; "" when there is none. no_proxy is not considered. */
void http_easy_proxy(bool https, char out[HTTP_PROXY_SIZE]);

#endif
