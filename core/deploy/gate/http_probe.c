/*
 * The connection goes to the address of the container, whatever host the URL names: a URL with the
 * configured host gives TLS servers the name by which they select their certificate.
 */
#include "deploy/gate/http_probe.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "deploy/gate/one_line.h"
#include "http/easy.h"
#include "http/transfer.h"

#define HEADERS_MAX (64 * KIB)
#define BODY_MAX    (64 * KIB) /* bytes that are read */
#define BODY_SHOWN  200
#define URL_MAX     2048

struct exchange {
    CURL *easy;
    struct curl_slist *connect_to, *headers;
    char url[URL_MAX];
    size_t header_bytes, body_bytes;
    char body[BODY_SHOWN];
    char reason[CURL_ERROR_SIZE];
};

/* ---- the response ---- */

static size_t receive_header(const char *line, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;

    (void)line;
    exchange->header_bytes += size * count;
    return exchange->header_bytes > HEADERS_MAX ? 0 : size * count;
}

static size_t receive_body(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;
    size_t room = exchange->body_bytes < BODY_SHOWN ? BODY_SHOWN - exchange->body_bytes : 0;

    size *= count;
    memcpy(exchange->body + BODY_SHOWN - room, data, size < room ? size : room);
    exchange->body_bytes += size;
    return exchange->body_bytes > BODY_MAX ? 0 : size;
}

static bool is_good(const struct http_probe *probe, long status)
{
    return probe->status ? status == probe->status : status >= 200 && status <= 399;
}

static void describe_status(const struct http_probe *probe, const struct exchange *exchange,
                            long status, char *answer, size_t size)
{
    size_t got = exchange->body_bytes < BODY_SHOWN ? exchange->body_bytes : BODY_SHOWN;
    char body[BODY_SHOWN + 1];
    int used = snprintf(answer, size, "status %ld", status);

    if (probe->status)
        used += snprintf(answer + used, size - (size_t)used, " instead of %d", probe->status);
    one_line(view_of(exchange->body, got), body, sizeof body);
    if (body[0])
        snprintf(answer + used, size - (size_t)used, ": %s", body);
}

static void describe_fault(const struct http_probe *probe, const struct exchange *exchange,
                           CURLcode code, char *answer, size_t size)
{
    const char *reason = exchange->reason[0] ? exchange->reason : curl_easy_strerror(code);
    char line[CURL_ERROR_SIZE];

    if (exchange->header_bytes > HEADERS_MAX)
        reason = "the headers of the response are too long";
    else if (code == CURLE_OPERATION_TIMEDOUT)
        reason = "no complete response";
    one_line(view_of(reason, strlen(reason)), line, sizeof line);
    if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(answer, size, "%s within %.3g s", line, (double)probe->limit / (double)NS_PER_S);
    else
        snprintf(answer, size, "%s", line);
}

static enum probe_answer judge_response(const struct http_probe *probe,
                                        const struct exchange *exchange, CURLcode code,
                                        char *answer, size_t size)
{
    bool enough = code == CURLE_WRITE_ERROR && exchange->body_bytes > BODY_MAX;
    long status = 0;

    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK && !enough) {
        describe_fault(probe, exchange, code, answer, size);
        return PROBE_REFUSED;
    }
    if (is_good(probe, status))
        return PROBE_PASSED;
    describe_status(probe, exchange, status, answer, size);
    return PROBE_REFUSED;
}

/* ---- the request ---- */

/* A host with a blank or a control character could add headers. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    return true;
}

/* The name of a host without its port. */
static int name_length(const char *host)
{
    const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;

    return bracket ? (int)(bracket + 1 - host) : (int)strcspn(host, ":");
}

static bool write_url(const struct http_probe *probe, char out[URL_MAX])
{
    const char *slash = probe->path[0] == '/' ? "" : "/";
    int used;

    if (probe->https && probe->host[0])
        used = snprintf(out, URL_MAX, "https://%.*s%s%s", name_length(probe->host), probe->host,
                        slash, probe->path);
    else
        used = snprintf(out, URL_MAX, "%s://%s%s%s", probe->https ? "https" : "http",
                        probe->address, slash, probe->path);
    return used > 0 && used < URL_MAX;
}

static int set_lists(struct exchange *exchange, const struct http_probe *probe, struct err *err)
{
    char host[512], connect_to[512];

    snprintf(connect_to, sizeof connect_to, "::%s", probe->address);
    exchange->connect_to = curl_slist_append(NULL, connect_to);
    if (!exchange->connect_to)
        return err_memory(err, "an HTTP transfer");
    curl_easy_setopt(exchange->easy, CURLOPT_CONNECT_TO, exchange->connect_to);
    if (!probe->host[0])
        return 0;
    snprintf(host, sizeof host, "Host: %s", probe->host);
    exchange->headers = curl_slist_append(NULL, host);
    if (!exchange->headers)
        return err_memory(err, "an HTTP transfer");
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
    return 0;
}

static int prepare(struct exchange *exchange, const struct http_probe *probe, struct err *err)
{
    const struct http_tls tls = {.insecure = true};
    long limit = (long)(probe->limit / NS_PER_MS);

    if (http_easy_global(err) < 0)
        return ERR_FAIL;
    exchange->easy = http_easy_create(&tls, err);
    if (!exchange->easy)
        return ERR_FAIL;
    curl_easy_setopt(exchange->easy, CURLOPT_URL, exchange->url);
    curl_easy_setopt(exchange->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(exchange->easy, CURLOPT_ERRORBUFFER, exchange->reason);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(exchange->easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(exchange->easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(exchange->easy, CURLOPT_TIMEOUT_MS, limit > 0 ? limit : 1L);
    return set_lists(exchange, probe, err);
}

static void finish(struct exchange *exchange)
{
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->connect_to);
    curl_slist_free_all(exchange->headers);
}

int http_probe(const struct http_probe *probe, const struct cancel *cancel, char *answer,
               size_t size, struct err *err)
{
    struct exchange exchange = {0};
    CURLcode code = CURLE_OK;
    int result = ERR_FAIL;

    answer[0] = '\0';
    if (!is_plain(probe->host) || !is_plain(probe->path) || !write_url(probe, exchange.url)) {
        snprintf(answer, size, "the path or the host has blanks, or is too long");
        return PROBE_REFUSED;
    }
    if (prepare(&exchange, probe, err) == 0 &&
        http_transfer(exchange.easy, cancel, &code, err) == 0)
        result = judge_response(probe, &exchange, code, answer, size);
    finish(&exchange);
    return result;
}
