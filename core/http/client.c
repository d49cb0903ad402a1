/*
 * The loop: the driver's turn, a round of libcurl, the landed ones to the driver, sleep. A wake-up,
 * traffic or the driver's own time ends the sleep.
 *
 * Under a limit of the rate a body that has had its share is paused, and all paused ones get a turn
 * every few milliseconds, another one first each time.
 *
 * A body goes straight from the submitter's view into libcurl's send buffer and from its receive
 * buffer to where the submitter wants it; nothing else is copied or kept.
 */
#include "http/client.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "flow/thread.h"
#include "http/rate_limit.h"

#define SLEEP_MAX_MS 250 /* a wake may fail: the flag beside it is looked at all the same */
#define PACE_TICK_MS 20
#define SOCKETS_MAX  128
#define UNSENT_MAX   (128 * 1024)
#define LOOK_EVERY   (20 * NS_PER_MS)

struct http {
    CURLM *multi;
    struct http_driver driver;
    struct http_tls tls;
    char *ca_file;
    char proxies[2][HTTP_PROXY_SIZE]; /* for http and https, as it was when the program began */
    atomic_uint_least64_t sent, received;
    atomic_bool awake;
    int sockets[SOCKETS_MAX]; /* open ones; more may be, which then are slower */
    unsigned socket_count;
    struct http_exchange *in_air; /* the next to have its turn first */
    unsigned in_air_count;
    struct rate_limit up, down;
    struct stall_link link;
    int64_t looked; /* for slow ones, the last time */
    pthread_t thread;
};

/* -- bytes -- */

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

/* Of an error page the beginning is enough. */
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
    if (!rate_limit_may(&exchange->http->down, size, 1, clock_monotonic())) {
        exchange->waits = &exchange->http->down;
        return CURL_WRITEFUNC_PAUSE;
    }
    rate_limit_moved(&exchange->http->down, size);
    atomic_fetch_add_explicit(&exchange->http->received, size, memory_order_relaxed);
    bool kept =
        is_data(exchange) ? keep_data(exchange, data, size) : keep_other(exchange, data, size);
    exchange->overflow = !kept;
    return kept ? size : 0;
}

static size_t on_send(char *out, size_t one, size_t size, void *arg)
{
    struct http_exchange *exchange = arg;
    size_t left = exchange->body.size - exchange->sent_at;

    size *= one;
    if (size > left)
        size = left;
    if (size > 0) {
        size = rate_limit_may(&exchange->http->up, size, exchange->http->in_air_count,
                              clock_monotonic());
        if (size == 0) {
            exchange->waits = &exchange->http->up;
            return CURL_READFUNC_PAUSE;
        }
        rate_limit_moved(&exchange->http->up, size);
    }
    if (size > 0)
        memcpy(out, exchange->body.data + exchange->sent_at, size);
    exchange->sent_at += size;
    atomic_fetch_add_explicit(&exchange->http->sent, size, memory_order_relaxed);
    return size;
}

/* libcurl starts over when a kept connection turned out dead before the first byte came back. */
static int on_rewind(void *arg, curl_off_t offset, int origin)
{
    struct http_exchange *exchange = arg;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > exchange->body.size)
        return CURL_SEEKFUNC_CANTSEEK;
    exchange->resent = exchange->resent || exchange->sent_at > 0;
    exchange->sent_at = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* -- sockets -- */

/*
 * Servers that write header and body apart, with Nagle's algorithm on (Ceph), hold a small body
 * back until the header is acknowledged, and the kernel waits 40 ms with that, in vain for company.
 * So each header is acknowledged at once. libcurl does not tell which socket it came from; asking
 * it of all of them, a dozen, is harmless.
 */
static void acknowledge(const struct http *http)
{
#ifdef TCP_QUICKACK
    int on = 1;

    for (unsigned i = 0; i < http->socket_count; i++)
        (void)setsockopt(http->sockets[i], IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
    (void)http;
#endif
}

/* What waits in the kernel looks sent to us, and may be megabytes: on a slow link that is minutes
 * in which nothing seems to move. */
static void keep_little_unsent(int fd)
{
#ifdef TCP_NOTSENT_LOWAT
    int most = UNSENT_MAX;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
#else
    (void)fd;
#endif
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http *http = arg;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd >= 0)
        keep_little_unsent(fd);
    if (fd >= 0 && http->socket_count < ARRAY_SIZE(http->sockets))
        http->sockets[http->socket_count++] = fd;
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static int on_socket_close(void *arg, curl_socket_t fd)
{
    struct http *http = arg;

    for (unsigned i = 0; i < http->socket_count; i++)
        if (http->sockets[i] == fd) {
            http->sockets[i] = http->sockets[--http->socket_count];
            break;
        }
    return close(fd);
}

/* -- headers -- */

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

/* Copies a value without outer blanks; one that does not fit or is not plain is dropped. */
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

/* A status line starts the answer anew: 100 Continue and the like come before the real one. */
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

    (void)one;
    if (exchange->heard) /* a trailer: it must not replace what was said before the body */
        return size;
    if (line[0] == '\r' || line[0] == '\n')
        exchange->heard = exchange->answer.status >= 200; /* the empty line */
    if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        acknowledge(exchange->http);
        start_answer(&exchange->answer, line, size);
        return size;
    }
    const char *colon = memchr(line, ':', size);
    if (!colon)
        return size;
    size_t name = (size_t)(colon - line);
    exchange->answer.amz = exchange->answer.amz || (name > 6 && !strncasecmp(line, "x-amz-", 6));
    for (size_t i = 0; i < ARRAY_SIZE(HEADER_SLOTS); i++)
        if (strlen(HEADER_SLOTS[i].name) == name &&
            strncasecmp(HEADER_SLOTS[i].name, line, name) == 0)
            keep_value(base + HEADER_SLOTS[i].offset, colon + 1, size - name - 1);
    return size;
}

/* -- one exchange -- */

/* Whether the request went over a connection that an earlier one had used. */
static bool is_kept_connection(const struct http_exchange *exchange)
{
    long opened = 1;

    return curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &opened) == CURLE_OK &&
           opened == 0;
}

/* The status with which a proxy refused to connect us; 0: it did not, or there is no proxy. */
static int refused_tunnel(const struct http_exchange *exchange)
{
    long status = 0;

    curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status < 200 || status > 299 ? (int)status : 0;
}

static enum http_fault fault_of(CURLcode code, const struct http_exchange *exchange)
{
    long os_errno = 0;

    if (code != CURLE_OK && refused_tunnel(exchange))
        return HTTP_TUNNEL;
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
        curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &os_errno);
        double connected = 0;
        curl_easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME, &connected);
        return connected > 0 ? HTTP_STALLED : HTTP_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_CERT;
    case CURLE_SSL_CACERT_BADFILE:
        return HTTP_CA_FILE;
    case CURLE_SSL_CONNECT_ERROR:
        return HTTP_TLS;
    case CURLE_OUT_OF_MEMORY: /* libcurl before 8.6 calls a header of more than 100 KiB so */
        return exchange->answer.status ? HTTP_TOO_MUCH : HTTP_BROKEN;
#if LIBCURL_VERSION_NUM >= 0x080600 /* 8.6 */
    case CURLE_TOO_LARGE:
        return HTTP_TOO_MUCH;
#endif
    case CURLE_WRITE_ERROR:
        return exchange->overflow ? HTTP_TOO_MUCH : HTTP_BROKEN;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 */
    case CURLE_WEIRD_SERVER_REPLY:
        /* a server that has spoken HTTP before: the rest of an earlier answer, as a body of HEAD */
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

static int build_headers(struct http_exchange *exchange, struct err *err)
{
    const char *line = exchange->header_lines;
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no wait for 100 Continue */

    for (unsigned i = 0; list && i < exchange->header_count; i++, line += strlen(line) + 1) {
        struct curl_slist *longer = curl_slist_append(list, line);
        if (!longer) {
            curl_slist_free_all(list);
            list = NULL;
            break;
        }
        list = longer;
    }
    exchange->headers = list;
    return list ? 0 : err_memory(err, "the headers of a request");
}

/* The order matters: each of these options takes back what another has set. */
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

static int prepare(struct http *http, struct http_exchange *exchange, struct err *err)
{
    if (!exchange->easy) {
        exchange->easy = http_easy_create(&http->tls, err);
        if (!exchange->easy)
            return ERR_FAIL;
    }
    CURL *easy = exchange->easy;
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
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_socket_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->detail);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* they are not the server's */
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, whole_seconds(exchange->stall_time));
    set_method(exchange);
    return 0;
}

int http_start(struct http *http, struct http_exchange *exchange, struct err *err)
{
    exchange->http = http;
    exchange->sent_at = 0;
    exchange->overflow = exchange->resent = exchange->heard = false;
    exchange->waits = NULL;
    exchange->watch = (struct stall_watch){0};
    exchange->started = clock_monotonic();
    exchange->detail[0] = '\0';
    exchange->answer = (struct http_answer){.content_length = -1};
    text_clear(&exchange->body_text);
    if (build_headers(exchange, err) < 0)
        return ERR_FAIL;
    if (prepare(http, exchange, err) < 0 ||
        curl_multi_add_handle(http->multi, exchange->easy) != CURLM_OK) {
        curl_slist_free_all(exchange->headers);
        exchange->headers = NULL;
        return err_memory(err, "an HTTP transfer");
    }
    exchange->in_air = true;
    exchange->next = http->in_air;
    http->in_air = exchange;
    http->in_air_count++;
    return 0;
}

static void leave_air(struct http *http, struct http_exchange *exchange)
{
    struct http_exchange **at = &http->in_air;

    while (*at != exchange)
        at = &(*at)->next;
    *at = exchange->next;
    http->in_air_count--;
    curl_multi_remove_handle(http->multi, exchange->easy);
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
    exchange->in_air = false;
}

void http_drop(struct http *http, struct http_exchange *exchange)
{
    if (exchange->in_air)
        leave_air(http, exchange);
}

void http_exchange_finish(struct http_exchange *exchange)
{
    if (exchange->easy)
        curl_easy_cleanup(exchange->easy);
    exchange->easy = NULL;
    text_finish(&exchange->body_text);
}

static bool is_https(const struct http_exchange *exchange)
{
    return strncmp(exchange->url, "https://", 8) == 0;
}

/* Whether the proxy that is set was used. libcurl before 8.7 does not tell: then it counts as used.
 */
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

static void name_proxy(const struct http *http, struct http_exchange *exchange)
{
    struct http_answer *answer = &exchange->answer;

    answer->proxy = http->proxies[is_https(exchange)];
    answer->by_proxy = !is_https(exchange) && answer->proxy[0] && used_proxy(exchange);
    answer->proxy_status = answer->fault == HTTP_TUNNEL ? refused_tunnel(exchange) : 0;
}

static void land(struct http *http, struct http_exchange *exchange, CURLcode code)
{
    struct http_answer *answer = &exchange->answer;
    curl_off_t length = -1;

    answer->fault = fault_of(code, exchange);
    if (answer->fault != HTTP_FINE)
        str_copy(answer->detail, sizeof answer->detail,
                 exchange->detail[0] ? exchange->detail : curl_easy_strerror(code));
    curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    answer->content_length = length;
    name_proxy(http, exchange);
    answer->body = text_view(&exchange->body_text);
    answer->resent = exchange->resent;
    leave_air(http, exchange);
    log_debug("http: %s %s: %d%s%s", exchange->method, exchange->url, answer->status,
              answer->fault ? " " : "", answer->detail);
    http->driver.landed(http->driver.arg, exchange);
}

/* -- the thread -- */

static void collect(struct http *http)
{
    struct CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct http_exchange *exchange = NULL;
        CURLcode code = message->data.result; /* before the handle, and the message, are gone */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        land(http, exchange, code);
    }
}

/* Who waits for the rate goes on if there is some; the first goes to the end. True: somebody still
 * waits. */
static bool resume(struct http *http)
{
    struct http_exchange **end = &http->in_air, *first = http->in_air;
    int64_t now = clock_monotonic();
    bool waits = false;

    if (!first || (!http->up.rate && !http->down.rate))
        return false;
    for (; *end; end = &(*end)->next)
        if ((*end)->waits) {
            if (rate_limit_may((*end)->waits, 1, 1, now)) {
                (*end)->waits = NULL;
                curl_easy_pause((*end)->easy, CURLPAUSE_CONT);
            }
            waits = waits || (*end)->waits;
        }
    *end = first;
    http->in_air = first->next;
    first->next = NULL;
    return waits;
}

/* Bytes of bodies that the exchange is about, as far as is known. What goes to body_text is small.
 */
static uint64_t expected_size(const struct http_exchange *exchange)
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

/* A body is on its way; not one that waits for the limited rate, or for the server to begin. */
static bool is_under_way(const struct http_exchange *exchange)
{
    bool sends = exchange->sent_at > 0 && exchange->sent_at < exchange->body.size;

    return !exchange->waits && (sends || (exchange->data_status && exchange->answer.received > 0));
}

static bool is_too_slow(const struct http *http, struct http_exchange *exchange, int64_t now)
{
    int64_t longest = stall_longest(expected_size(exchange), http->up.rate, exchange->stall_time);

    if (now - exchange->started > longest) {
        snprintf(exchange->detail, sizeof exchange->detail, "not done within %.3g s",
                 (double)longest / (double)NS_PER_S);
        return true;
    }
    if (!is_under_way(exchange)) {
        exchange->watch = (struct stall_watch){0};
        return false;
    }
    if (!stall_is(&exchange->watch, exchange->sent_at + exchange->answer.received,
                  stall_floor(&http->link), exchange->stall_time, now))
        return false;
    snprintf(exchange->detail, sizeof exchange->detail, "less than %" PRIu64 " bytes a second",
             stall_floor(&http->link));
    return true;
}

static struct http_exchange *find_slow(const struct http *http, int64_t now)
{
    struct http_exchange *exchange = http->in_air;

    while (exchange && !is_too_slow(http, exchange, now))
        exchange = exchange->next;
    return exchange;
}

/* Ends the exchanges that drip. */
static void look_for_slow(struct http *http, int64_t now)
{
    struct http_exchange *slow;

    if (!http->in_air || now - http->looked < LOOK_EVERY)
        return;
    http->looked = now;
    stall_measure(&http->link, atomic_load(&http->sent) + atomic_load(&http->received),
                  http->in_air->stall_time, now);
    while ((slow = find_slow(http, now)))
        land(http, slow, CURLE_OPERATION_TIMEDOUT);
}

static int sleep_ms(int64_t until, int64_t now, int most)
{
    if (until <= now)
        return 0;
    int64_t ms = (until - now + NS_PER_MS - 1) / NS_PER_MS;
    return ms < most ? (int)ms : most;
}

static void *http_main(void *arg)
{
    struct http *http = arg;
    int64_t until = INT64_MAX;
    int flying;

    for (;;) {
        if (atomic_load(&http->awake))
            until = http->driver.turn(http->driver.arg, clock_monotonic());
        if (until == HTTP_STOP)
            return NULL;
        curl_multi_perform(http->multi, &flying);
        collect(http);
        look_for_slow(http, clock_monotonic());
        /* What has landed may have made room: the driver looks before we sleep. */
        if (atomic_load(&http->awake))
            until = http->driver.turn(http->driver.arg, clock_monotonic());
        if (until == HTTP_STOP)
            return NULL;
        int most = resume(http) ? PACE_TICK_MS : SLEEP_MAX_MS;
        curl_multi_poll(http->multi, NULL, 0, sleep_ms(until, clock_monotonic(), most), NULL);
    }
}

static void http_free(struct http *http)
{
    if (http->multi)
        curl_multi_cleanup(http->multi);
    free(http->ca_file);
    free(http);
}

struct http *http_create(const struct http_options *options, const struct http_driver *driver,
                         struct err *err)
{
    if (http_easy_global(err) < 0)
        return NULL;
    struct http *http = calloc(1, sizeof *http);
    if (!http) {
        err_memory(err, "the network thread");
        return NULL;
    }
    http->driver = *driver;
    http->tls.insecure = options->tls.insecure;
    for (int https = 0; https < 2; https++)
        http_easy_proxy(https, http->proxies[https]);
    rate_limit_init(&http->up, options->rate, clock_monotonic());
    rate_limit_init(&http->down, options->rate, clock_monotonic());
    http->ca_file = options->tls.ca_file ? strdup(options->tls.ca_file) : NULL;
    http->tls.ca_file = http->ca_file;
    stall_measure(&http->link, 0, NS_PER_S, clock_monotonic());
    http->multi = curl_multi_init();
    if (!http->multi || (options->tls.ca_file && !http->ca_file)) {
        err_memory(err, "the network thread");
        http_free(http);
        return NULL;
    }
    /* Every connection we ever use at once may stay open. */
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)options->connections + 1);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    if (thread_start(&http->thread, http_main, http, "the network thread", err) < 0) {
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
    *sent = atomic_load(&http->sent);
    *received = atomic_load(&http->received);
}
