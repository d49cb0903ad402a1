/*
 * One handle for one request. No handle is kept, because requests for credentials are minutes
 * apart.
 */
#include "credentials/web_send.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "http/easy.h"
#include "http/transfer.h"
#include "os/memory.h"

#define CONNECT_TIME (10 * NS_PER_S)
#define TOTAL_TIME   (30 * NS_PER_S)
#define TIME_MAX     (600 * NS_PER_S)
#define HEADERS_MAX  (64 * KIB)
#define VALUE_MAX    64
#define TTL_MAX      (7 * 24 * 3600)

struct exchange {
    CURL *easy;
    struct curl_slist *headers;
    struct web_answer *answer;
    size_t header_bytes;
    bool too_large;
    char reason[CURL_ERROR_SIZE];
};

/* ---- the response ---- */

static size_t receive_body(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;

    text_add(&exchange->answer->body, data, size * count);
    exchange->too_large = exchange->answer->body.failed;
    return exchange->too_large ? 0 : size * count;
}

/* Copies the value of the header `name` (with its colon) if the line has it. */
static bool read_value(const char *line, size_t size, const char *name, char out[VALUE_MAX])
{
    size_t at = strlen(name);

    if (size < at || strncasecmp(line, name, at) != 0)
        return false;
    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    while (size > at && strchr(" \t\r\n", line[size - 1]))
        size--;
    if (size - at >= VALUE_MAX)
        return false;
    memcpy(out, line + at, size - at);
    out[size - at] = '\0';
    return true;
}

static int64_t parse_ttl(const char *value)
{
    char *end;
    long long ttl = strtoll(value, &end, 10);

    return *value >= '0' && *value <= '9' && !*end && ttl <= TTL_MAX ? ttl : 0;
}

static size_t receive_header(char *line, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;
    char value[VALUE_MAX];

    size *= count;
    exchange->header_bytes += size;
    exchange->too_large = exchange->header_bytes > HEADERS_MAX;
    if (read_value(line, size, "date:", value))
        clock_parse_http(value, &exchange->answer->date);
    else if (read_value(line, size, "x-aws-ec2-metadata-token-ttl-seconds:", value))
        exchange->answer->ttl = parse_ttl(value);
    return exchange->too_large ? 0 : size;
}

/* ---- the request ---- */

/* libcurl adds a content type to a body, and waits for a 100 before a larger one. */
static int set_headers(struct exchange *exchange, const struct web_request *request,
                       struct err *err)
{
    bool typed = false;

    for (unsigned i = 0; i < request->header_count; i++) {
        typed = typed || strncmp(request->headers[i], "content-type:", 13) == 0;
        if (http_easy_add_header(&exchange->headers, request->headers[i], err) < 0)
            return ERR_FAIL;
    }
    if (http_easy_add_header(&exchange->headers, "Expect:", err) < 0 ||
        (!typed && http_easy_add_header(&exchange->headers, "Content-Type:", err) < 0))
        return ERR_FAIL;
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
    return 0;
}

static void set_method(CURL *easy, const struct web_request *request)
{
    if (strcmp(request->method, "GET") == 0)
        return;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                     request->body.size ? (const char *)request->body.data : "");
}

static void set_limits(CURL *easy, const struct web_request *request)
{
    int64_t connect = request->connect_time ? request->connect_time : CONNECT_TIME;
    int64_t total = request->total_time ? request->total_time : TOTAL_TIME;

    if (connect > TIME_MAX)
        connect = TIME_MAX;
    if (total > TIME_MAX)
        total = TIME_MAX;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect / NS_PER_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(total / NS_PER_MS));
}

static int prepare(struct exchange *exchange, const struct web_request *request,
                   const struct http_tls *tls, struct err *err)
{
    if (http_easy_global(err) < 0)
        return ERR_FAIL;
    exchange->easy = http_easy_create(tls, err);
    if (!exchange->easy)
        return ERR_FAIL;
    curl_easy_setopt(exchange->easy, CURLOPT_URL, request->url);
    curl_easy_setopt(exchange->easy, CURLOPT_ERRORBUFFER, exchange->reason);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERDATA, exchange);
    if (request->direct)
        curl_easy_setopt(exchange->easy, CURLOPT_NOPROXY, "*");
    set_method(exchange->easy, request);
    set_limits(exchange->easy, request);
    return set_headers(exchange, request, err);
}

static void finish(struct exchange *exchange)
{
    curl_easy_cleanup(exchange->easy);
    for (struct curl_slist *header = exchange->headers; header; header = header->next)
        os_wipe(header->data, strlen(header->data)); /* a token */
    curl_slist_free_all(exchange->headers);
}

/* ---- the transfer ---- */

static bool is_connected(CURL *easy)
{
    double time = 0;

    return curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME, &time) == CURLE_OK && time > 0;
}

static enum web_result set_reason(const struct exchange *exchange, CURLcode code, struct err *err)
{
    const char *word = "transfer";
    const char *reason = exchange->reason[0] ? exchange->reason : curl_easy_strerror(code);

    if (exchange->too_large)
        reason = "the response is too large";
    else if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
        word = CODE_RESOLVE;
    else if (code == CURLE_COULDNT_CONNECT)
        word = CODE_REFUSED;
    else if (code == CURLE_OPERATION_TIMEDOUT)
        word = CODE_TIMEOUT;
    err_set(err, ERR_NETWORK, word, "%s", reason);
    if (strcmp(word, "transfer") == 0)
        return WEB_BROKEN;
    return code == CURLE_OPERATION_TIMEDOUT && is_connected(exchange->easy) ? WEB_BROKEN
                                                                            : WEB_UNREACHABLE;
}

enum web_result web_send(const struct web_request *request, const struct http_tls *tls,
                         const struct cancel *cancel, struct web_answer *answer, struct err *err)
{
    struct exchange exchange = {.answer = answer};
    enum web_result result = WEB_BROKEN;
    CURLcode code = CURLE_OK;
    long status = 0;

    answer->status = 0;
    answer->date = answer->ttl = 0;
    text_clear(&answer->body);
    if (prepare(&exchange, request, tls, err) == 0 &&
        http_transfer(exchange.easy, cancel, &code, err) == 0) {
        curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
        answer->status = (int)status;
        result = code == CURLE_OK ? WEB_ANSWERED : set_reason(&exchange, code, err);
    }
    finish(&exchange);
    return result;
}
