/*
 * Callbacks for body and headers, options of the request, and the meaning of libcurl's results.
 *
 * Under a rate limit, a callback that has used its share pauses the transfer. The client resumes
 * it.
 */
#include "http/exchange.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/err.h"
#include "http/authorities.h"
#include "http/link.h"
#include "http/rate_limit.h"

/* Of a response with its trailers and the responses before it. libcurl limits the headers only, and
 * keeps all trailers in memory. */
#define HEADERS_MAX (256 * KIB)

/* ---- bytes ---- */

static bool has_range(const struct http_exchange *exchange)
{
    size_t size = strlen(exchange->data_range);

    return size && strncasecmp(exchange->answer.content_range, exchange->data_range, size) == 0;
}

static bool is_data(const struct http_exchange *exchange)
{
    int status = exchange->answer.status;
    if (!exchange->data_status)
        return false;
    if (exchange->data_status == 200)
        return status / 100 == 2;
    return status == exchange->data_status || (status == 200 && exchange->data_200) ||
           (status / 100 == 2 && has_range(exchange));
}

static bool keep_data(struct http_exchange *exchange, const char *data, size_t size)
{
    if (exchange->data_to) {
        if (size > exchange->data_size - exchange->answer.received)
            return false;
        memcpy(exchange->data_to + exchange->answer.received, data, size);
    } else if (exchange->data_text) {
        if (size > exchange->data_text->max - exchange->data_text->size)
            return false;
        text_add(exchange->data_text, data, size);
        if (exchange->data_text->failed)
            return false;
    }
    exchange->answer.received += size;
    return true;
}

/* Keeps the beginning of an error response. */
static bool keep_other(struct http_exchange *exchange, const char *data, size_t size)
{
    size_t room = exchange->body_text.max - exchange->body_text.size;
    text_add(&exchange->body_text, data, size < room ? size : room);
    return size <= room && !exchange->body_text.failed;
}

static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
    struct http_exchange *exchange = arg;

    (void)one;
    if (exchange->overflow)
        return 0;
    if (!rate_limit_may(&exchange->link->down, size, 1, clock_monotonic())) {
        exchange->waits = &exchange->link->down;
        return CURL_WRITEFUNC_PAUSE;
    }
    rate_limit_moved(&exchange->link->down, size);
    atomic_fetch_add_explicit(&exchange->link->received, size, memory_order_relaxed);
    exchange->overflow =
        is_data(exchange) ? !keep_data(exchange, data, size) : !keep_other(exchange, data, size);
    return exchange->overflow ? 0 : size;
}

static size_t on_send(char *out, size_t one, size_t size, void *arg)
{
    struct http_exchange *exchange = arg;
    size_t left = exchange->body.size - exchange->sent_at;

    size *= one;
    if (size > left)
        size = left;
    if (size > 0) {
        size = rate_limit_may(&exchange->link->up, size, exchange->link->active, clock_monotonic());
        if (size == 0) {
            exchange->waits = &exchange->link->up;
            return CURL_READFUNC_PAUSE;
        }
        rate_limit_moved(&exchange->link->up, size);
    }
    if (size > 0)
        memcpy(out, exchange->body.data + exchange->sent_at, size);
    exchange->sent_at += size;
    atomic_fetch_add_explicit(&exchange->link->sent, size, memory_order_relaxed);
    return size;
}

/* libcurl repeats a request when a kept connection was closed before the first byte of a
 * response. */
static int on_rewind(void *arg, curl_off_t offset, int origin)
{
    struct http_exchange *exchange = arg;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > exchange->body.size)
        return CURL_SEEKFUNC_CANTSEEK;
    exchange->resent = exchange->resent || exchange->sent_at > 0;
    exchange->sent_at = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* ---- headers ---- */

static const struct header_slot {
    const char *name;
    size_t offset;
} HEADER_SLOTS[] = {
    {"etag", offsetof(struct http_answer, etag)},
    {"content-range", offsetof(struct http_answer, content_range)},
    {"content-type", offsetof(struct http_answer, content_type)},
    {"date", offsetof(struct http_answer, date)},
    {"last-modified", offsetof(struct http_answer, last_modified)},
    {"retry-after", offsetof(struct http_answer, retry_after)},
    {"x-amz-bucket-region", offsetof(struct http_answer, bucket_region)},
    {"x-amz-request-id", offsetof(struct http_answer, request_id)},
    {"x-amzn-requestid", offsetof(struct http_answer, request_id)},
    {"location", offsetof(struct http_answer, location)},
    {"x-amz-server-side-encryption", offsetof(struct http_answer, encryption)},
};

/* Copies a value without outer blanks, or "" if it is too long or has control characters. */
static void keep_value(char *to, const char *value, size_t size)
{
    while (size > 0 && (value[0] == ' ' || value[0] == '\t'))
        value++, size--;
    while (size > 0 && strchr(" \t\r\n", value[size - 1]))
        size--;
    to[0] = '\0';
    if (size >= HTTP_VALUE_MAX)
        return;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
            return;
    memcpy(to, value, size);
    to[size] = '\0';
}

/* A status line starts the response anew: 100 Continue and others precede the real one. */
static void start_answer(struct http_answer *answer, const char *line, size_t size)
{
    const char *space = memchr(line, ' ', size);

    *answer = (struct http_answer){.content_length = -1};
    if (space && line + size - space >= 4)
        for (int i = 1; i <= 3; i++)
            answer->status = answer->status * 10 + (space[i] - '0');
}

static size_t on_header(char *line, size_t one, size_t size, void *arg)
{
    struct http_exchange *exchange = arg;
    char *base = (char *)&exchange->answer;
    const char *colon;
    size_t name;

    (void)one;
    exchange->header_bytes += size;
    exchange->overflow = exchange->overflow || exchange->header_bytes > HEADERS_MAX;
    if (exchange->overflow)
        return 0;
    if (exchange->has_headers) /* a trailer must not replace a header */
        return size;
    if (line[0] == '\r' || line[0] == '\n')
        exchange->has_headers = exchange->answer.status >= 200; /* the empty line */
    if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        http_link_acknowledge(exchange->link);
        start_answer(&exchange->answer, line, size);
        return size;
    }
    colon = memchr(line, ':', size);
    if (!colon)
        return size;
    name = (size_t)(colon - line);
    exchange->answer.amz = exchange->answer.amz || (name > 6 && !strncasecmp(line, "x-amz-", 6));
    for (size_t i = 0; i < ARRAY_SIZE(HEADER_SLOTS); i++)
        if (strlen(HEADER_SLOTS[i].name) == name &&
            strncasecmp(HEADER_SLOTS[i].name, line, name) == 0)
            keep_value(base + HEADER_SLOTS[i].offset, colon + 1, size - name - 1);
    return size;
}

/* ---- faults ---- */

/* Returns true if the request used a connection of an earlier one. */
static bool is_kept_connection(const struct http_exchange *exchange)
{
    long opened = 1;

    return curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &opened) == CURLE_OK &&
           opened == 0;
}

/* Returns the status with which a proxy refused CONNECT, or 0. */
static int refused_tunnel(const struct http_exchange *exchange)
{
    long status = 0;

    curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status < 200 || status > 299 ? (int)status : 0;
}

/* With TLS 1.3, a server reports a missing client certificate after the handshake. The text is
 * OpenSSL's. */
static bool demands_certificate(const struct http_exchange *exchange)
{
    return strstr(exchange->detail, "certificate required") != NULL;
}

static bool has_ca_file(const struct http_exchange *exchange)
{
    return exchange->link->tls.ca_file && exchange->link->tls.ca_file[0];
}

/* A libcurl without a default does not fail before it has the server's certificate. */
static bool lacks_authorities(const struct http_exchange *exchange)
{
    struct authorities_system system;

    authorities_system(&system);
    return !has_ca_file(exchange) && authorities_find(&system).none;
}

static enum http_fault fault_of(CURLcode code, const struct http_exchange *exchange)
{
    double connected = 0;

    if (exchange->overflow)
        return HTTP_TOO_MUCH;
    if (code != CURLE_OK && refused_tunnel(exchange))
        return HTTP_TUNNEL;
    if (code != CURLE_OK && demands_certificate(exchange))
        return HTTP_OWN_CERT;
    switch (code) {
    case CURLE_OK:
        return HTTP_FINE;
    case CURLE_COULDNT_RESOLVE_HOST:
        return HTTP_RESOLVE;
    case CURLE_COULDNT_RESOLVE_PROXY:
#if LIBCURL_VERSION_NUM >= 0x074900 /* 7.73 */
    case CURLE_PROXY:
#endif
        return HTTP_PROXY;
    case CURLE_COULDNT_CONNECT:
        return HTTP_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME, &connected);
        return connected > 0 ? HTTP_STALLED : HTTP_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return lacks_authorities(exchange) ? HTTP_NO_AUTHORITIES : HTTP_CERT;
    case CURLE_SSL_CACERT_BADFILE:
        return has_ca_file(exchange) ? HTTP_CA_FILE : HTTP_NO_AUTHORITIES;
    case CURLE_SSL_CERTPROBLEM:
        return HTTP_OWN_CERT;
    case CURLE_SSL_CONNECT_ERROR:
        return HTTP_TLS;
    case CURLE_OUT_OF_MEMORY: /* libcurl before 8.6 calls a header of more than 100 KiB so */
        return exchange->answer.status ? HTTP_TOO_MUCH : HTTP_BROKEN;
#if LIBCURL_VERSION_NUM >= 0x080600 /* 8.6 */
    case CURLE_TOO_LARGE:
        return HTTP_TOO_MUCH;
#endif
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 */
    case CURLE_WEIRD_SERVER_REPLY:
        /* on a kept connection: the rest of an earlier response, such as a body of a HEAD */
        return is_kept_connection(exchange) ? HTTP_CUT : HTTP_NO_HTTP;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return HTTP_CUT;
    default:
        return HTTP_BROKEN;
    }
}

/* ---- the request ---- */

/* An empty Expect prevents a wait for 100 Continue. */
static int build_headers(struct http_exchange *exchange, struct err *err)
{
    const char *line = exchange->header_lines;
    int failed;

    exchange->headers = NULL;
    failed = http_easy_add_header(&exchange->headers, "Expect:", err);
    for (unsigned i = 0; !failed && i < exchange->header_count; i++, line += strlen(line) + 1)
        failed = http_easy_add_header(&exchange->headers, line, err);
    return failed;
}

/* The order matters: each of these options resets another. */
static void set_method(struct http_exchange *exchange)
{
    CURL *easy = exchange->easy;
    bool head = strcmp(exchange->method, "HEAD") == 0;

    if (exchange->has_body) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->body.size);
    } else {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 0L);
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_NOBODY, head ? 1L : 0L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, head ? NULL : exchange->method);
}

static long whole_seconds(int64_t time)
{
    return (long)((time + NS_PER_S - 1) / NS_PER_S);
}

/* Without Accept-Encoding, any coding would be permitted. A response that is packed all the same is
 * unpacked. Data is not, because an object may be stored with a Content-Encoding. */
static void set_coding(struct http_exchange *exchange)
{
    bool data = exchange->data_to || exchange->data_text;

    curl_easy_setopt(exchange->easy, CURLOPT_ACCEPT_ENCODING, "identity");
    curl_easy_setopt(exchange->easy, CURLOPT_HTTP_CONTENT_DECODING, data ? 0L : 1L);
}

static int set_options(struct http_exchange *exchange, struct http_link *link, struct err *err)
{
    CURL *easy = exchange->easy;

    if (!easy)
        easy = exchange->easy = http_easy_create(&link->tls, err);
    if (!easy)
        return ERR_FAIL;
    curl_easy_setopt(easy, CURLOPT_URL, exchange->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    http_link_attach(link, easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->detail);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* they are not the server's */
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, whole_seconds(exchange->stall_time));
    set_method(exchange);
    set_coding(exchange);
    return 0;
}

int http_exchange_begin(struct http_exchange *exchange, struct http_link *link, struct err *err)
{
    exchange->link = link;
    exchange->sent_at = exchange->header_bytes = 0;
    exchange->overflow = exchange->resent = exchange->has_headers = false;
    exchange->waits = NULL;
    exchange->watch = (struct stall_watch){0};
    exchange->started = clock_monotonic();
    exchange->detail[0] = '\0';
    exchange->answer = (struct http_answer){.content_length = -1};
    text_clear(&exchange->body_text);
    if (build_headers(exchange, err) == 0 && set_options(exchange, link, err) == 0)
        return 0;
    http_exchange_drop_headers(exchange);
    return ERR_FAIL;
}

void http_exchange_drop_headers(struct http_exchange *exchange)
{
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
}

/* ---- the response ---- */

static bool is_https(const struct http_exchange *exchange)
{
    return strncmp(exchange->url, "https://", 8) == 0;
}

/* Returns true if the proxy of the environment was used. libcurl before 8.7 cannot report that. */
static bool used_proxy(const struct http_exchange *exchange)
{
#if LIBCURL_VERSION_NUM >= 0x080700 /* 8.7 */
    long used = 1;
    return curl_easy_getinfo(exchange->easy, CURLINFO_USED_PROXY, &used) != CURLE_OK || used;
#else
    (void)exchange;
    return true;
#endif
}

static void name_proxy(struct http_exchange *exchange)
{
    struct http_answer *answer = &exchange->answer;

    answer->proxy = exchange->link->proxies[is_https(exchange)];
    answer->by_proxy = !is_https(exchange) && answer->proxy[0] && used_proxy(exchange);
    answer->proxy_status = answer->fault == HTTP_TUNNEL ? refused_tunnel(exchange) : 0;
}

void http_exchange_end(struct http_exchange *exchange, CURLcode code)
{
    struct http_answer *answer = &exchange->answer;
    curl_off_t length = -1;

    answer->fault = fault_of(code, exchange);
    if (answer->fault != HTTP_FINE)
        str_copy(answer->detail, sizeof answer->detail,
                 exchange->detail[0] ? exchange->detail : curl_easy_strerror(code));
    curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    answer->content_length = length;
    name_proxy(exchange);
    answer->body = text_view(&exchange->body_text);
    answer->resent = exchange->resent;
}

uint64_t http_exchange_size(const struct http_exchange *exchange)
{
    curl_off_t length = -1;
    uint64_t room = exchange->data_to     ? exchange->data_size
                    : exchange->data_text ? exchange->data_text->max
                                          : 0;

    curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0 && (uint64_t)length < room)
        room = (uint64_t)length;
    return exchange->body.size + room;
}

void http_exchange_finish(struct http_exchange *exchange)
{
    if (exchange->easy)
        curl_easy_cleanup(exchange->easy);
    exchange->easy = NULL;
    text_finish(&exchange->body_text);
}
