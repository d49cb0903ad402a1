/*
 * Defines the functions of http/client.h, so the linker takes none of the real client. A thread
 * runs the driver, as that of the real client does: another thread fetches credentials.
 */
#include "tests/cases/scripted_http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "http/client.h"
#include "store/s3/clock_skew.h"
#include "tests/cases/script.h"

#define QUEUE_MAX     64
#define LINES_MAX     48
#define CASE_SKEW_MAX (1000 * 24 * 3600 * NS_PER_S) /* of the clocks of a case */

struct http {
    struct http_driver driver;
    struct script *script;
    pthread_t thread;
    pthread_mutex_t lock; /* of `woken` */
    pthread_cond_t wake;
    bool woken;
    struct http_exchange *queue[QUEUE_MAX];
    unsigned count;
};

static struct script *current;
static atomic_bool proves_bucket;

void scripted_http_use(struct script *script)
{
    current = script;
}

void scripted_http_prove_bucket(bool on)
{
    proves_bucket = on;
}

int64_t __real_clock_wall(void);
int64_t __wrap_clock_wall(void);

int64_t __wrap_clock_wall(void)
{
    return current ? current->now : __real_clock_wall();
}

enum clock_skew_answer __real_clock_skew_judge(int64_t ours, int64_t theirs, bool proven);
enum clock_skew_answer __wrap_clock_skew_judge(int64_t ours, int64_t theirs, bool proven);

/* Cases are set in years before CLOCK_SOURCE, which no store's clock may be: the rule judges the
 * same difference at a later time. */
enum clock_skew_answer __wrap_clock_skew_judge(int64_t ours, int64_t theirs, bool proven)
{
    return __real_clock_skew_judge(CLOCK_SOURCE + CASE_SKEW_MAX,
                                   CLOCK_SOURCE + CASE_SKEW_MAX + theirs - ours, proven);
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

/* Adds the headers of a successful response: a write has an ETag, a HEAD has a size. */
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

/* A request that the case does not allow is not repeated. */
static enum http_fault fault_of(const struct script *script, enum web_result result,
                                const struct err *err)
{
    if (script->trouble[0])
        return HTTP_TLS;
    if (result == WEB_ANSWERED)
        return HTTP_FINE;
    if (result == WEB_BROKEN)
        return HTTP_CUT;
    return strcmp(err->code, "refused") == 0 ? HTTP_REFUSED : HTTP_TIMEOUT;
}

static enum web_result get_answer(struct script *script, const struct web_request *request,
                                  struct web_answer *answer, struct err *err)
{
    if (!proves_bucket)
        return script->system.send(script, request, answer, err);
    script->response = (struct json_node){0};
    answer->status = 404;
    text_str(&answer->body, "<Error><Code>NoSuchKey</Code></Error>");
    return WEB_ANSWERED;
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
    result = get_answer(http->script, &request, &answer, &err);
    exchange->answer = (struct http_answer){.fault = fault_of(http->script, result, &err),
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

/* Waits for http_wake, or until the clock_monotonic() `until`. */
static void wait_for_wake(struct http *http, int64_t until)
{
    struct timespec time = {.tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S};
    int waited = 0;

    pthread_mutex_lock(&http->lock);
    while (!http->woken && waited == 0)
        waited = pthread_cond_timedwait(&http->wake, &http->lock, &time);
    http->woken = false;
    pthread_mutex_unlock(&http->lock);
}

static void *run_loop(void *arg)
{
    struct http *http = arg;
    int64_t next = INT64_MAX;

    wait_for_wake(http, INT64_MAX);
    while ((next = http->driver.step(http->driver.arg, clock_monotonic())) != HTTP_STOP) {
        if (http->count > 0) {
            struct http_exchange *exchange = http->queue[--http->count];

            play_exchange(http, exchange);
            http->driver.finished(http->driver.arg, exchange);
        } else {
            wait_for_wake(http, next);
        }
    }
    return NULL;
}

void http_wake(struct http *http)
{
    pthread_mutex_lock(&http->lock);
    http->woken = true;
    pthread_cond_signal(&http->wake);
    pthread_mutex_unlock(&http->lock);
}

/* ---- life ---- */

static void init_wake(struct http *http)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&http->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&http->lock, NULL);
}

static void free_http(struct http *http)
{
    pthread_cond_destroy(&http->wake);
    pthread_mutex_destroy(&http->lock);
    free(http);
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
    init_wake(http);
    if (pthread_create(&http->thread, NULL, run_loop, http) == 0)
        return http;
    free_http(http);
    err_set(err, ERR_LOCAL, "thread", "no thread for the scripted client");
    return NULL;
}

void http_destroy(struct http *http)
{
    if (!http)
        return;
    pthread_join(http->thread, NULL);
    free_http(http);
}

void http_traffic(struct http *http, uint64_t *sent, uint64_t *received)
{
    (void)http;
    *sent = *received = 0;
}
