/*
 * Settings that an older libcurl does not know are omitted. None is needed for correctness.
 */
#include "http/easy.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "http/authorities.h"

#define CONNECT_SECONDS 10L

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void global_init(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_easy_global(struct err *err)
{
    pthread_once(&global_once, global_init);
    if (global_result != CURLE_OK)
        return err_set(err, ERR_LOCAL, "curl", "libcurl does not start: %s",
                       curl_easy_strerror(global_result));
    return 0;
}

/* Names the authorities of the machine where libcurl's own default does not. */
static void trust_system(CURL *easy)
{
    struct authorities_system system;
    struct authorities found;

    authorities_system(&system);
    found = authorities_find(&system);
    if (found.file || found.only_folder)
        curl_easy_setopt(easy, CURLOPT_CAINFO, found.file);
    if (found.folder)
        curl_easy_setopt(easy, CURLOPT_CAPATH, found.folder);
}

/* libcurl adds the system's folder of authorities, and in some builds its key chain, to the named
 * file. Both are removed. */
static void trust_only(CURL *easy, const char *ca_file)
{
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_OPTIONS, 0L);
}

void http_easy_set_tls(CURL *easy, const struct http_tls *tls)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->insecure ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->insecure ? 0L : 2L);
    if (tls->ca_file && tls->ca_file[0])
        trust_only(easy, tls->ca_file);
    else if (!tls->insecure)
        trust_system(easy);
    if (tls->cert_file && tls->cert_file[0])
        curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->cert_file);
    if (tls->key_file && tls->key_file[0])
        curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key_file);
}

CURL *http_easy_create(const struct http_tls *tls, struct err *err)
{
    CURL *easy = curl_easy_init();

    if (!easy) {
        err_memory(err, "an HTTP transfer");
        return NULL;
    }
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "s3dock");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)(256 * KIB));
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)(512 * KIB));
#if LIBCURL_VERSION_NUM >= 0x075500 /* 7.85 */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700 /* 7.87: do not wait for a running name lookup */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    http_easy_set_tls(easy, tls);
    return easy;
}

/* As in libcurl, HTTP_PROXY in capitals does not count: a CGI request could set it. */
static const char *proxy_of_environment(bool https)
{
    static const char *const NAMES[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
                                        "ALL_PROXY"};
    const char *value;

    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        bool fits = i > 2 || https == (i < 2);
        if (fits && (value = getenv(NAMES[i])) && value[0])
            return value;
    }
    return "";
}

void http_easy_proxy(bool https, char out[HTTP_PROXY_SIZE])
{
    const char *value = proxy_of_environment(https), *scheme = strstr(value, "://");
    const char *host = scheme ? scheme + 3 : value, *login_end;
    size_t size = strcspn(host, "/?#");

    while ((login_end = memchr(host, '@', size))) {
        size -= (size_t)(login_end + 1 - host);
        host = login_end + 1;
    }
    out[0] = '\0';
    if (size)
        snprintf(out, HTTP_PROXY_SIZE, "%.*s%.*s", scheme ? (int)(scheme + 3 - value) : 7,
                 scheme ? value : "http://", (int)size, host);
}

int http_easy_add_header(struct curl_slist **headers, const char *line, struct err *err)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);

    if (!longer)
        return err_memory(err, "the headers of a request");
    *headers = longer;
    return 0;
}
