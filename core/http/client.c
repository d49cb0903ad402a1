/*
 * The thread's loop: the driver's step, a round of libcurl, finished exchanges to the driver,
 * sleep. A wake-up, traffic or the driver's own time ends the sleep.
 *
 * Under a rate limit, exchanges pause themselves (exchange.c). The loop resumes them every few
 * milliseconds, another one first each time.
 */
#include "http/client.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "flow/thread.h"
#include "http/link.h"
#include "http/rate_limit.h"

#define SLEEP_MAX_MS 250 /* a wake-up may fail: `awake` is checked all the same */
#define RATE_TICK_MS 20
#define CHECK_EVERY  (20 * NS_PER_MS)

struct http {
    CURLM *multi;
    struct http_driver driver;
    struct http_link link;
    atomic_bool awake;
    struct http_exchange *active; /* list; the first is resumed first */
    struct stall_link stall;
    int64_t checked; /* for stalled exchanges, the last time */
    pthread_t thread;
};

/* ---- exchanges ---- */

int http_start(struct http *http, struct http_exchange *exchange, struct err *err)
{
    if (http_exchange_begin(exchange, &http->link, err) < 0)
        return ERR_FAIL;
    if (curl_multi_add_handle(http->multi, exchange->easy) != CURLM_OK) {
        http_exchange_drop_headers(exchange);
        return err_memory(err, "an HTTP transfer");
    }
    exchange->active = true;
    exchange->next = http->active;
    http->active = exchange;
    http->link.active++;
    return 0;
}

static void remove_active(struct http *http, struct http_exchange *exchange)
{
    struct http_exchange **at = &http->active;

    while (*at != exchange)
        at = &(*at)->next;
    *at = exchange->next;
    http->link.active--;
    curl_multi_remove_handle(http->multi, exchange->easy);
    http_exchange_drop_headers(exchange);
    exchange->active = false;
}

void http_drop(struct http *http, struct http_exchange *exchange)
{
    if (exchange->active)
        remove_active(http, exchange);
}

static void end_exchange(struct http *http, struct http_exchange *exchange, CURLcode code)
{
    const struct http_answer *answer = &exchange->answer;

    http_exchange_end(exchange, code);
    remove_active(http, exchange);
    log_debug("http: %s %s: %d%s%s", exchange->method, exchange->url, answer->status,
              answer->fault ? " " : "", answer->detail);
    http->driver.finished(http->driver.arg, exchange);
}

/* ---- the thread ---- */

static void end_finished(struct http *http)
{
    struct CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        struct http_exchange *exchange = NULL;
        CURLcode code;

        if (message->msg != CURLMSG_DONE)
            continue;
        code = message->data.result; /* read it before the message becomes invalid */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        end_exchange(http, exchange, code);
    }
}

/* libcurl gives the bytes that it kept. Then it forgets if it could not. */
static void resume(struct http_exchange *exchange)
{
    CURLcode code = curl_easy_pause(exchange->easy, CURLPAUSE_CONT);

    if (code == CURLE_WRITE_ERROR || code == CURLE_OUT_OF_MEMORY)
        exchange->overflow = true;
}

/* Resumes paused transfers while the rate allows, and rotates the list for fairness. True: a
 * transfer is still paused. */
static bool resume_paused(struct http *http)
{
    struct http_exchange **end = &http->active, *first = http->active;
    int64_t now = clock_monotonic();
    bool waits = false;

    if (!first || (!http->link.up.rate && !http->link.down.rate))
        return false;
    for (; *end; end = &(*end)->next)
        if ((*end)->waits) {
            if (rate_limit_may((*end)->waits, 1, 1, now)) {
                (*end)->waits = NULL;
                resume(*end);
            }
            waits = waits || (*end)->waits;
        }
    *end = first;
    http->active = first->next;
    first->next = NULL;
    return waits;
}

/* Returns true if a body moves: not while it is paused for the rate, or before the server
 * begins. */
static bool moves_body(const struct http_exchange *exchange)
{
    bool sends = exchange->sent_at > 0 && exchange->sent_at < exchange->body.size;

    return !exchange->waits && (sends || (exchange->data_status && exchange->answer.received > 0));
}

static bool is_too_slow(const struct http *http, struct http_exchange *exchange, int64_t now)
{
    int64_t longest =
        stall_longest(http_exchange_size(exchange), http->link.up.rate, exchange->stall_time);

    if (now - exchange->started > longest) {
        snprintf(exchange->detail, sizeof exchange->detail, "not done within %.3g s",
                 (double)longest / (double)NS_PER_S);
        return true;
    }
    if (!moves_body(exchange)) {
        exchange->watch = (struct stall_watch){0};
        return false;
    }
    if (!stall_is(&exchange->watch, exchange->sent_at + exchange->answer.received,
                  stall_floor(&http->stall), exchange->stall_time, now))
        return false;
    snprintf(exchange->detail, sizeof exchange->detail, "less than %" PRIu64 " bytes a second",
             stall_floor(&http->stall));
    return true;
}

static struct http_exchange *find_slow(const struct http *http, int64_t now)
{
    struct http_exchange *exchange = http->active;

    while (exchange && !is_too_slow(http, exchange, now))
        exchange = exchange->next;
    return exchange;
}

/* Ends the exchanges that count as stalled (stall.h). */
static void end_slow_exchanges(struct http *http, int64_t now)
{
    struct http_exchange *slow;

    if (!http->active || now - http->checked < CHECK_EVERY)
        return;
    http->checked = now;
    stall_measure(&http->stall, atomic_load(&http->link.sent) + atomic_load(&http->link.received),
                  http->active->stall_time, now);
    while ((slow = find_slow(http, now)))
        end_exchange(http, slow, CURLE_OPERATION_TIMEDOUT);
}

static int sleep_ms(int64_t until, int64_t now, int most)
{
    int64_t ms;

    if (until <= now)
        return 0;
    ms = (until - now + NS_PER_MS - 1) / NS_PER_MS;
    return ms < most ? (int)ms : most;
}

static void *http_main(void *arg)
{
    struct http *http = arg;
    int64_t until = INT64_MAX;
    int running, most;

    for (;;) {
        if (atomic_load(&http->awake))
            until = http->driver.step(http->driver.arg, clock_monotonic());
        if (until == HTTP_STOP)
            return NULL;
        curl_multi_perform(http->multi, &running);
        end_finished(http);
        end_slow_exchanges(http, clock_monotonic());
        /* A finished exchange may allow the next: the driver is called before the sleep. */
        if (atomic_load(&http->awake))
            until = http->driver.step(http->driver.arg, clock_monotonic());
        if (until == HTTP_STOP)
            return NULL;
        most = resume_paused(http) ? RATE_TICK_MS : SLEEP_MAX_MS;
        curl_multi_poll(http->multi, NULL, 0, sleep_ms(until, clock_monotonic(), most), NULL);
    }
}

static int make_multi(struct http *http, unsigned connections, struct err *err)
{
    http->multi = curl_multi_init();
    if (!http->multi)
        return err_memory(err, "the network thread");
    /* All connections that are used at once may stay open. */
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)connections + 1);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return 0;
}

static void http_free(struct http *http)
{
    if (http->multi)
        curl_multi_cleanup(http->multi);
    http_link_finish(&http->link);
    free(http);
}

struct http *http_create(const struct http_options *options, const struct http_driver *driver,
                         struct err *err)
{
    struct http *http;

    if (http_easy_global(err) < 0)
        return NULL;
    http = calloc(1, sizeof *http);
    if (!http) {
        err_memory(err, "the network thread");
        return NULL;
    }
    http->driver = *driver;
    stall_measure(&http->stall, 0, NS_PER_S, clock_monotonic());
    if (http_link_init(&http->link, &options->tls, options->rate, err) < 0 ||
        make_multi(http, options->connections, err) < 0 ||
        thread_run(&http->thread, http_main, http, "the network thread", err) < 0) {
        http_free(http);
        return NULL;
    }
    return http;
}

void http_wake(struct http *http)
{
    atomic_store(&http->awake, true);
    curl_multi_wakeup(http->multi);
}

void http_destroy(struct http *http)
{
    if (!http)
        return;
    pthread_join(http->thread, NULL);
    http_free(http);
}

void http_traffic(struct http *http, uint64_t *sent, uint64_t *received)
{
    *sent = atomic_load(&http->link.sent);
    *received = atomic_load(&http->link.received);
}
