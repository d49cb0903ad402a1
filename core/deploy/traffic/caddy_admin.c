/*
 * Caddy sends the ETag of a configuration after the body, as a trailer: it is the hash of what it
 * wrote. libcurl passes trailers to the same function as headers.
 */
#include "deploy/traffic/caddy_admin.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "http/easy.h"
#include "http/transfer.h"

#define HEADERS_MAX (64 * KIB)

struct exchange {
    const struct caddy_admin *admin;
    struct caddy_answer *answer;
    CURL *easy;
    struct curl_slist *headers;
    size_t header_bytes;
    char reason[CURL_ERROR_SIZE];
};

static int fail(const struct exchange *exchange, const char *what, struct err *err)
{
    return err_set(err, ERR_DEPLOY, CODE_SWITCH, "Caddy's admin API %s: %s",
                   exchange->admin->address, what);
}

/* ---- the response ---- */

static size_t receive_body(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;

    text_add(&exchange->answer->body, data, size * count);
    return exchange->answer->body.failed ? 0 : size * count;
}

static void keep_etag(struct caddy_answer *answer, const char *line, size_t size)
{
    size_t at = 5; /* "etag:" */

    while (at < size && line[at] == ' ')
        at++;
    while (size > at && strchr("\r\n ", line[size - 1]))
        size--;
    answer->etag[0] = '\0';
    if (size - at >= sizeof answer->etag)
        return;
    for (size_t i = at; i < size; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            return;
    memcpy(answer->etag, line + at, size - at);
    answer->etag[size - at] = '\0';
}

static size_t receive_header(char *line, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;

    size *= count;
    exchange->header_bytes += size;
    if (size > 5 && strncasecmp(line, "etag:", 5) == 0)
        keep_etag(exchange->answer, line, size);
    return exchange->header_bytes > HEADERS_MAX ? 0 : size;
}

/* ---- the request ---- */

static int set_url(const struct exchange *exchange, const char *path, struct err *err)
{
    _cleanup_text_ struct text url = {0};
    const char *address = exchange->admin->address;

    text_init(&url, 8 * KIB);
    if (strncmp(address, "unix//", 6) == 0) {
        curl_easy_setopt(exchange->easy, CURLOPT_UNIX_SOCKET_PATH, address + 5);
        text_str(&url, "http://localhost");
    } else {
        text_str(&url, address);
        while (url.size && url.data[url.size - 1] == '/')
            text_cut(&url, url.size - 1);
    }
    text_str(&url, path);
    if (text_check(&url, "the URL of Caddy's admin API", err) < 0)
        return ERR_FAIL;
    curl_easy_setopt(exchange->easy, CURLOPT_URL, url.data); /* copied */
    return 0;
}

static int set_headers(struct exchange *exchange, bool has_body, const char *if_match,
                       struct err *err)
{
    char line[sizeof exchange->answer->etag + 16];

    snprintf(line, sizeof line, "If-Match: %s", if_match);
    if (http_easy_add_header(&exchange->headers, "Expect:", err) < 0 ||
        (has_body &&
         http_easy_add_header(&exchange->headers, "Content-Type: application/json", err) < 0) ||
        (if_match[0] && http_easy_add_header(&exchange->headers, line, err) < 0))
        return ERR_FAIL;
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
    return 0;
}

static int prepare(struct exchange *exchange, const char *method, const char *path,
                   struct view body, const char *if_match, struct err *err)
{
    if (http_easy_global(err) < 0)
        return ERR_FAIL;
    exchange->easy = http_easy_create(&(struct http_tls){0}, err);
    if (!exchange->easy)
        return ERR_FAIL;
    curl_easy_setopt(exchange->easy, CURLOPT_ERRORBUFFER, exchange->reason);
    curl_easy_setopt(exchange->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(exchange->easy, CURLOPT_TIMEOUT_MS,
                     (long)(exchange->admin->limit / NS_PER_MS));
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERDATA, exchange);
    if (body.size) {
        curl_easy_setopt(exchange->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
        curl_easy_setopt(exchange->easy, CURLOPT_POSTFIELDS, (const char *)body.data);
    }
    curl_easy_setopt(exchange->easy, CURLOPT_CUSTOMREQUEST, method);
    if (set_url(exchange, path, err) < 0)
        return ERR_FAIL;
    return set_headers(exchange, body.size > 0, if_match, err);
}

static int check_result(const struct exchange *exchange, CURLcode code, struct err *err)
{
    const char *reason = exchange->reason[0] ? exchange->reason : curl_easy_strerror(code);

    if (code == CURLE_OK)
        return 0;
    if (exchange->answer->body.failed || exchange->header_bytes > HEADERS_MAX)
        return fail(exchange, "the response is too large", err);
    fail(exchange, reason, err);
    if (code == CURLE_COULDNT_CONNECT)
        return err_hint(err, "is Caddy running, and is its admin API at this address?");
    return ERR_FAIL;
}

int caddy_ask(const struct caddy_admin *admin, const char *method, const char *path,
              struct view body, const char *if_match, struct caddy_answer *answer, struct err *err)
{
    struct exchange exchange = {.admin = admin, .answer = answer};
    CURLcode code = CURLE_OK;
    long status = 0;
    int failed;

    answer->status = 0;
    answer->etag[0] = '\0';
    text_clear(&answer->body);
    failed = prepare(&exchange, method, path, body, if_match, err);
    if (failed == 0)
        failed = http_transfer(exchange.easy, admin->cancel, &code, err);
    if (failed == 0)
        failed = check_result(&exchange, code, err);
    if (failed == 0 &&
        curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
        answer->status = (int)status;
    curl_easy_cleanup(exchange.easy);
    curl_slist_free_all(exchange.headers);
    return failed;
}
