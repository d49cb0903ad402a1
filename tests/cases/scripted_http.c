/*
 * Defines the functions of http/client.h, so the linker takes none of the real client.
 */
#include "tests/cases/scripted_http.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "http/client.h"
#include "tests/cases/script.h"

#define QUEUE_MAX 64
#define LINES_MAX 48

struct http {
    struct http_driver driver;
    struct script *script;
    pthread_mutex_t lock;
    struct http_exchange *queue[QUEUE_MAX];
    unsigned count;
};

static struct script *current;

void scripted_http_use(struct script *script)
{
    current = script;
}

int64_t __real_clock_wall(void);
int64_t __wrap_clock_wall(void);

int64_t __wrap_clock_wall(void)
{
    return current ? current->now : __real_clock_wall();
}

struct http *http_create(const struct http_options *options, const struct http_driver *driver,
                         struct err *err)
{
    struct http *http = calloc(1, sizeof *http);

    (void)options;
    if (!http) {
        err_memory(err, "the scripted client");
        return NULL;
    }
    http->driver = *driver;
    http->script = current;
    pthread_mutex_init(&http->lock, NULL);
    return http;
}

/* ---- the response ---- */

static void copy_header(struct json_node headers, const char *name, char out[HTTP_VALUE_MAX])
{
    json_string(json_get(headers, name), out, HTTP_VALUE_MAX);
}

static void fill_headers(struct http_answer *answer, struct json_node headers)
{
    answer->amz = true;
    copy_header(headers, "etag", answer->etag);
    copy_header(headers, "content-range", answer->content_range);
    copy_header(headers, "content-type", answer->content_type);
    copy_header(headers, "date", answer->date);
    copy_header(headers, "retry-after", answer->retry_after);
    copy_header(headers, "x-amz-bucket-region", answer->bucket_region);
    copy_header(headers, "location", answer->location);
}

/* Stores need an ETag of what they write, and a size of what they look at. */
static void complete_success(struct http_exchange *exchange)
{
    struct http_answer *answer = &exchange->answer;
    size_t size = exchange->body_text.size;

    if (answer->status != 200)
        return;
    if (!answer->etag[0])
        str_copy(answer->etag, sizeof answer->etag, "\"etag\"");
    answer->content_length = (int64_t)size;
    if (exchange->data_text) {
        text_add(exchange->data_text, exchange->body_text.data, size);
        answer->received = size;
        text_clear(&exchange->body_text);
        answer->body = (struct view){0};
    }
}

static enum http_fault fault_of(enum web_result result, const struct err *err)
{
    if (result == WEB_ANSWERED)
        return HTTP_FINE;
    if (result == WEB_BROKEN)
        return HTTP_CUT;
    return strcmp(err->code, "refused") == 0 ? HTTP_REFUSED : HTTP_TIMEOUT;
}

static void play_exchange(struct http *http, struct http_exchange *exchange)
{
    const char *lines[LINES_MAX], *at = exchange->header_lines;
    struct web_request request = {
        .method = exchange->method, .url = exchange->url, .headers = lines, .body = exchange->body};
    struct web_answer answer = {0};
    struct err err = {0};
    enum web_result result;

    for (; request.header_count < exchange->header_count && request.header_count < LINES_MAX;
         at += strlen(at) + 1)
        lines[request.header_count++] = at;
    text_init(&answer.body, WEB_ANSWER_MAX);
    result = http->script->system.send(http->script, &request, &answer, &err);
    exchange->answer = (struct http_answer){.fault = fault_of(result, &err),
                                            .status = answer.status,
                                            .proxy = "",
                                            .content_length = -1};
    text_clear(&exchange->body_text);
    text_add(&exchange->body_text, answer.body.data, answer.body.size);
    exchange->answer.body = text_view(&exchange->body_text);
    if (result == WEB_ANSWERED) {
        fill_headers(&exchange->answer, json_get(http->script->response, "headers"));
        complete_success(exchange);
    }
    text_finish(&answer.body);
}

/* ---- the loop ---- */

int http_start(struct http *http, struct http_exchange *exchange, struct err *err)
{
    if (http->count == QUEUE_MAX)
        return err_set(err, ERR_INTERNAL, "queue", "too many requests at once");
    http->queue[http->count++] = exchange;
    return 0;
}

void http_drop(struct http *http, struct http_exchange *exchange)
{
    for (unsigned i = 0; i < http->count; i++)
        if (http->queue[i] == exchange)
            http->queue[i] = http->queue[--http->count];
}

static void sleep_until(int64_t then)
{
    int64_t left = then - clock_monotonic();
    struct timespec time = {.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};

    if (left > 0)
        nanosleep(&time, NULL);
}

void http_wake(struct http *http)
{
    int64_t next;

    pthread_mutex_lock(&http->lock);
    while ((next = http->driver.step(http->driver.arg, clock_monotonic())) != HTTP_STOP) {
        if (http->count > 0) {
            struct http_exchange *exchange = http->queue[--http->count];

            play_exchange(http, exchange);
            http->driver.finished(http->driver.arg, exchange);
        } else if (next == INT64_MAX) {
            break;
        } else {
            sleep_until(next);
        }
    }
    pthread_mutex_unlock(&http->lock);
}

void http_destroy(struct http *http)
{
    if (!http)
        return;
    pthread_mutex_destroy(&http->lock);
    free(http);
}

void http_traffic(struct http *http, uint64_t *sent, uint64_t *received)
{
    (void)http;
    *sent = *received = 0;
}
