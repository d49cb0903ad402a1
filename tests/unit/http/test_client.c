/* Faults between the program and its store: proxies that refuse, servers that send slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/docker.h"
#include "docker/host.h"
#include "flow/silence.h"
#include "http/easy.h"
#include "http/stream.h"
#include "kit/fixed_keys.h"
#include "kit/quick_retry.h"
#include "kit/raw_server.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

static struct store *open_patient(const char *endpoint, unsigned retries, int64_t stall_time)
{
    const struct store_s3_options options = {
        .endpoint = endpoint,
        .bucket = "images",
        .provider = fixed_keys("TESTACCESSKEY", "test-secret-key-0001", NULL),
        .retries = retries,
        .retry = &QUICK_RETRY,
        .stall_time = stall_time};
    struct err err;
    struct store *store = store_s3_create(&options, &err);

    if (!store)
        fail_msg("%s", err.text);
    return store;
}

/* Two tries per request. */
static struct store *open_store(const char *endpoint, int64_t stall_time)
{
    return open_patient(endpoint, 2, stall_time);
}

static enum store_answer run_one(struct store *store, struct store_op *op, struct err *err)
{
    enum store_answer answer = store_run(store, op, err);

    store_destroy(store);
    return answer;
}

/* ---- proxies ---- */

struct refusal {
    int status;
    unsigned tries;
    const char *headers, *body;
};

static bool refuse(struct raw_server *server, int fd, const char *head)
{
    const struct refusal *refusal = server->arg;
    char text[1024];

    snprintf(text, sizeof text, "HTTP/1.1 %d Because\r\n%sContent-Length: %zu\r\n\r\n%s",
             refusal->status, refusal->headers, strlen(refusal->body),
             strncmp(head, "HEAD ", 5) == 0 ? "" : refusal->body);
    return raw_say(fd, text);
}

/* Sets the proxy of the environment, with a login, to `server`. */
static void use_proxy(const char *variable, const struct raw_server *server)
{
    char url[128];

    snprintf(url, sizeof url, "http://user:secret-word@%.64s", server->url + strlen("http://"));
    setenv(variable, url, 1);
}

static void a_refusal_of_a_proxy_is_not_one_of_the_store(void **state)
{
    static const struct refusal refusals[] = {
        {403, 1, "", ""},
        {404, 1, "", ""},
        {404, 1, "x-amz-request-id: 1\r\n", "<Error><Code>NoSuchKey</Code></Error>"},
        {407, 1, "Proxy-Authenticate: Basic realm=\"p\"\r\n", ""},
        {412, 1, "", ""},
        {500, 2, "", ""},
        {503, 2, "Retry-After: 0\r\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        for (enum store_verb verb = STORE_HEAD; verb <= STORE_DELETE; verb++) {
            struct raw_server server = {.answer = refuse, .arg = (void *)(uintptr_t)&refusals[i]};
            struct store_op op = {.verb = verb, .key = "k", .if_none_match = verb == STORE_PUT};
            struct err err = {0};
            char words[32];

            raw_start(&server);
            use_proxy("https_proxy", &server);
            assert_int_equal(run_one(open_store("https://s3.example.invalid", 0), &op, &err),
                             STORE_FAILED);
            snprintf(words, sizeof words, "(HTTP %d", refusals[i].status);
            assert_int_equal(err.family, ERR_NETWORK);
            assert_string_equal(err.code, "proxy");
            assert_non_null(strstr(err.text, words));
            assert_non_null(strstr(err.text, server.url));
            assert_null(strstr(err.text, "secret-word"));
            assert_int_equal(op.tries, refusals[i].tries);
            if (refusals[i].status == 407)
                assert_non_null(strstr(err.hint, "login"));
            raw_stop(&server);
        }
    unsetenv("https_proxy");
}

/* Over plain http, a proxy's own response looks like the server's, except for the fields of S3. */
static void a_proxy_on_plain_http_is_detected_by_missing_s3_fields(void **state)
{
    static const struct {
        struct refusal refusal;
        enum store_answer answer;
    } cases[] = {
        {{404, 0, "", ""}, STORE_FAILED},
        {{404, 0, "Content-Type: text/plain\r\n", "no such host"}, STORE_FAILED},
        {{404, 0, "Content-Type: text/html\r\n", "<html>no such host"}, STORE_FAILED},
        {{404, 0, "", "<Error><Code>NoSuchKey</Code></Error>"}, STORE_ABSENT},
        {{404, 0, "x-amz-request-id: 1\r\n", ""}, STORE_ABSENT},
        {{412, 0, "", ""}, STORE_FAILED},
        {{407, 0, "", ""}, STORE_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_server server = {.answer = refuse, .arg = (void *)(uintptr_t)&cases[i].refusal};
        struct store_op op = {.verb = STORE_GET, .key = "k"};
        struct err err = {0};

        raw_start(&server);
        use_proxy("http_proxy", &server);
        assert_int_equal(run_one(open_store("http://s3.example.invalid", 0), &op, &err),
                         cases[i].answer);
        if (cases[i].answer == STORE_FAILED)
            assert_string_equal(err.code, "proxy");
        unsetenv("http_proxy");
        op = (struct store_op){.verb = STORE_GET, .key = "k"}; /* no proxy: the response counts */
        if (cases[i].refusal.status == 404 && !strstr(cases[i].refusal.headers, "html"))
            assert_int_equal(run_one(open_store(server.url, 0), &op, &err), STORE_ABSENT);
        raw_stop(&server);
    }
}

static void an_unreachable_proxy_is_named(void **state)
{
    struct store_op op = {.verb = STORE_HEAD, .key = "k"};
    struct err err = {0};

    (void)state;
    setenv("https_proxy", "http://user:secret-word@127.0.0.1:9", 1);
    assert_int_equal(run_one(open_store("https://s3.example.invalid", 0), &op, &err), STORE_FAILED);
    assert_non_null(strstr(err.about, "proxy: http://127.0.0.1:9"));
    unsetenv("https_proxy");
}

static void a_proxy_is_named_without_its_login(void **state)
{
    static const struct {
        const char *value, *name;
    } cases[] = {
        {"", ""},
        {"proxy:3128", "http://proxy:3128"},
        {"http://u:p@proxy:3128/", "http://proxy:3128"},
        {"https://u:p@q@proxy", "https://proxy"},
        {"u:p@[::1]:3128", "http://[::1]:3128"},
    };
    char name[HTTP_PROXY_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("HTTPS_PROXY", cases[i].value, 1);
        http_easy_proxy(true, name);
        assert_string_equal(name, cases[i].name);
        http_easy_proxy(false, name);
        assert_string_equal(name, "");
    }
    unsetenv("HTTPS_PROXY");
}

/* ---- slow bodies ---- */

#define STALL (60 * NS_PER_MS)
#define BULK  (2 * 1024 * 1024)

/* "/images/bulk": the whole body at once. "/images/slow": a few bytes at a time, without end. A
 * list is slow, too. */
static bool drip(struct raw_server *server, int fd, const char *head)
{
    static char bulk[BULK];
    const char *const fast = "HTTP/1.1 206 OK\r\nETag: \"e\"\r\nContent-Length: 2097152\r\n"
                             "Content-Range: bytes 0-2097151/2097152\r\n\r\n";
    bool list = strstr(head, "list-type") != NULL;

    if (strstr(head, "/images/bulk "))
        return raw_say(fd, fast) && raw_send(fd, bulk, sizeof bulk);
    raw_say(fd, list ? "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
                       "Content-Length: 8000000\r\n\r\n"
                     : fast);
    raw_drip(server, fd);
    return false;
}

static void expect_stall(struct store *store, struct store_op *op)
{
    struct err err = {0};

    assert_int_equal(store_run(store, op, &err), STORE_FAILED);
    assert_string_equal(err.code, "stalled");
}

static void a_slow_document_has_a_time_limit(void **state)
{
    struct raw_server server = {.answer = drip};

    (void)state;
    raw_start(&server);
    struct store *store = open_store(server.url, STALL / 3);
    expect_stall(store, &(struct store_op){.verb = STORE_LIST, .key = ""});
    store_destroy(store);
    raw_stop(&server);
}

static void a_slow_range_on_a_fast_link_is_retried(void **state)
{
    struct raw_server server = {.answer = drip};
    uint8_t *buffer = malloc(BULK);
    struct store_op op = {.verb = STORE_GET, .key = "bulk", .length = BULK, .buffer = buffer};
    struct err err;

    (void)state;
    raw_start(&server);
    struct store *store = open_store(server.url, STALL);
    raw_pause_ms(1);
    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    op.key = "slow";
    expect_stall(store, &op);
    store_destroy(store);
    raw_stop(&server);
    free(buffer);
}

static bool sip(struct raw_server *server, int fd, const char *head)
{
    char byte;

    (void)head;
    while (!atomic_load(&server->stopped) && recv(fd, &byte, 1, 0) == 1)
        raw_pause_ms(10);
    return false;
}

static void a_slow_body_has_a_time_limit(void **state)
{
    struct raw_server server = {.answer = sip, .leaves_bodies = true};
    size_t size = (size_t)8 * BULK;
    uint8_t *body = calloc(1, size);
    struct store_op op = {.verb = STORE_PUT, .key = "k", .body = {body, size}};

    (void)state;
    raw_start(&server);
    struct store *store = open_store(server.url, STALL);
    expect_stall(store, &op);
    store_destroy(store);
    raw_stop(&server);
    free(body);
}

/* ---- responses of real servers ---- */

#define CONTENT "0123456789abcdefghijklmnopqrstuvwxyz"

/* A range has status 200, HEAD has no size, Create's document lacks the id. */
static bool answer_oddly(struct raw_server *server, int fd, const char *head)
{
    const char *range = strstr(head, "range: bytes=");
    char text[512] = "";
    size_t first = 0, last = 0;

    (void)server;
    if (strncmp(head, "HEAD ", 5) == 0)
        return raw_say(fd, "HTTP/1.1 200 OK\r\nETag: W/\"e\"\r\nConnection: close\r\n\r\n") &&
               false;
    if (strncmp(head, "POST ", 5) == 0)
        return raw_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n<A><Id>u</Id></A>");
    if (range && sscanf(range, "range: bytes=%zu-%zu", &first, &last) == 2 &&
        last < strlen(CONTENT))
        snprintf(text, sizeof text,
                 "HTTP/1.1 200 OK\r\nETag: W/\"e\"\r\nContent-Length: %zu\r\n"
                 "Content-Range: bytes %zu-%zu/%zu\r\n\r\n%.*s",
                 last - first + 1, first, last, strlen(CONTENT), (int)(last - first + 1),
                 &CONTENT[first]);
    return raw_say(fd, text);
}

static void responses_are_read_like_in_the_reference_clients(void **state)
{
    struct raw_server server = {.answer = answer_oddly};
    uint8_t buffer[16];
    struct store_op op = {
        .verb = STORE_GET, .key = "k", .offset = 7, .length = 16, .buffer = buffer};
    struct err err;

    (void)state;
    raw_start(&server);
    struct store *store = open_patient(server.url, 0, 0);
    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    assert_memory_equal(buffer, &CONTENT[7], 16);
    assert_int_equal(op.info.size, strlen(CONTENT));
    assert_string_equal(op.info.etag, "\"e\"");

    op = (struct store_op){.verb = STORE_HEAD, .key = "k"};
    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    assert_int_equal(op.info.size, strlen(CONTENT));

    op = (struct store_op){.verb = STORE_UPLOAD_CREATE, .key = "k"};
    assert_int_equal(store_run(store, &op, &err), STORE_FAILED);
    assert_string_equal(err.code, "answer");
    assert_int_equal(op.tries, 3);
    store_destroy(store);
    raw_stop(&server);
}

/* <A><UploadId>u</UploadId></A>, packed by gzip. */
static const char PACKED[] = "\037\213\010\000\000\000\000\000\002\003\263\161\264\263\011\055"
                             "\310\311\117\114\361\114\261\053\265\321\207\263\155\364\035\355"
                             "\000\333\160\221\016\035\000\000\000";

/* A proxy that packs every response. */
static bool answer_packed(struct raw_server *server, int fd, const char *head)
{
    char text[256];

    (void)server;
    if (!strstr(head, "\r\nAccept-Encoding: identity\r\n"))
        return false;
    snprintf(text, sizeof text,
             "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Encoding: gzip\r\n"
             "Content-Length: %zu\r\n\r\n",
             sizeof PACKED - 1);
    return raw_say(fd, text) && raw_send(fd, PACKED, sizeof PACKED - 1);
}

static void packed_responses_are_unpacked_but_not_objects(void **state)
{
    struct raw_server server = {.answer = answer_packed};
    struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = "k"};
    _cleanup_text_ struct text text = {0};
    struct err err;

    (void)state;
    raw_start(&server);
    struct store *store = open_patient(server.url, 1, 0);
    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    assert_string_equal(op.upload_id, "u");

    text_init(&text, KIB);
    op = (struct store_op){.verb = STORE_GET, .key = "k", .text = &text};
    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    assert_int_equal(text.size, sizeof PACKED - 1);
    assert_memory_equal(text.data, PACKED, text.size);
    store_destroy(store);
    raw_stop(&server);
}

/* The response to HEAD has a body, which arrives when the connection is used again. */
static bool send_head_with_body(struct raw_server *server, int fd, const char *head)
{
    (void)server;
    if (strncmp(head, "HEAD ", 5) == 0)
        return raw_say(fd, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 4\r\n\r\n");
    if (atomic_load(&server->requests) == 2)
        return raw_say(fd, "body: that of the HEAD\r\n\r\n") && false;
    return raw_say(fd, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 4\r\n\r\nbody");
}

static void the_rest_of_a_response_is_not_another_server(void **state)
{
    struct raw_server server = {.answer = send_head_with_body};
    struct store_op op = {.verb = STORE_HEAD, .key = "k"};
    struct text text;
    struct err err;

    (void)state;
    raw_start(&server);
    text_init(&text, 64);
    struct store *store = open_patient(server.url, 0, 0);
    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    op = (struct store_op){.verb = STORE_GET, .key = "k", .text = &text};
    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    assert_string_equal(text.data, "body");
    assert_int_equal(op.tries, 2);
    store_destroy(store);
    text_finish(&text);
    raw_stop(&server);
}

static bool send_long_header(struct raw_server *server, int fd, const char *head)
{
    (void)head;
    return raw_say(fd, "HTTP/1.1 200 OK\r\nETag: \"") && raw_say(fd, server->arg) &&
           raw_say(fd, "\"\r\nContent-Length: 0\r\n\r\n");
}

static void a_header_has_a_bound(void **state)
{
    char *etag = calloc(1, 200001);
    struct raw_server server = {.answer = send_long_header, .arg = memset(etag, 'e', 200000)};
    struct store_op op = {.verb = STORE_PUT, .key = "k"};
    struct err err;

    (void)state;
    raw_start(&server);
    struct store *store = open_patient(server.url, 0, 0);
    assert_int_equal(store_run(store, &op, &err), STORE_FAILED);
    assert_string_equal(err.code, "too_large");
    assert_int_equal(op.tries, 1);
    store_destroy(store);
    raw_stop(&server);
    free(etag);
}

static bool send_trailers(struct raw_server *server, int fd, const char *head)
{
    (void)server;
    (void)head;
    return raw_say(fd, "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\n\r\n"
                       "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "4\r\nbody\r\n0\r\nETag: \"late\"\r\nContent-Range: bytes 7-8/9\r\n"
                       "HTTP/1.1 500 x: y\r\n\r\n");
}

static void trailers_do_not_replace_headers(void **state)
{
    struct raw_server server = {.answer = send_trailers};
    char etag[STORE_ETAG_MAX];
    struct text text;
    struct err err;

    (void)state;
    raw_start(&server);
    text_init(&text, 64);
    struct store *store = open_patient(server.url, 0, 0);
    assert_int_equal(store_get_document(store, "k", &text, etag, &err), STORE_DONE);
    assert_string_equal(text.data, "body");
    assert_string_equal(etag, "\"e\"");
    assert_int_equal(atomic_load(&server.requests), 1);
    store_destroy(store);
    text_finish(&text);
    raw_stop(&server);
}

/* 4 MiB of trailers. Each is short enough for libcurl, which keeps them all. */
static bool send_endless_trailers(struct raw_server *server, int fd, const char *head)
{
    char line[4000];
    bool sent = raw_say(fd, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "4\r\nbody\r\n0\r\n");

    (void)server;
    (void)head;
    memset(line, 'a', sizeof line);
    memcpy(line, "x: ", 3);
    memcpy(line + sizeof line - 2, "\r\n", 2);
    for (int i = 0; sent && i < 1000; i++)
        sent = raw_send(fd, line, sizeof line);
    return sent && raw_say(fd, "\r\n");
}

static void trailers_have_a_bound(void **state)
{
    struct raw_server server = {.answer = send_endless_trailers};
    char etag[STORE_ETAG_MAX];
    struct text text;
    struct err err;

    (void)state;
    raw_start(&server);
    text_init(&text, 64);
    struct store *store = open_patient(server.url, 0, 0);
    assert_int_equal(store_get_document(store, "k", &text, etag, &err), STORE_FAILED);
    assert_string_equal(err.code, "too_large");
    assert_int_equal(atomic_load(&server.requests), 1);
    store_destroy(store);
    text_finish(&text);
    raw_stop(&server);
}

/* 200000 bytes at once. */
static bool send_much(struct raw_server *server, int fd, const char *head)
{
    static char much[200000];

    (void)server;
    (void)head;
    return raw_say(fd, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 200000\r\n\r\n") &&
           raw_send(fd, much, sizeof much);
}

/* A paused transfer gives its bytes when it is resumed, and then libcurl forgets a refusal. */
static void a_bound_holds_under_a_rate_limit(void **state)
{
    struct raw_server server = {.answer = send_much};

    (void)state;
    raw_start(&server);
    for (size_t most = 5000; most < 200000; most += 20000) {
        const struct store_s3_options options = {
            .endpoint = server.url,
            .bucket = "images",
            .provider = fixed_keys("TESTACCESSKEY", "test-secret-key-0001", NULL),
            .retry = &QUICK_RETRY,
            .rate = 1000000};
        struct err err;
        struct store *store = store_s3_create(&options, &err);
        struct text text;

        assert_non_null(store);
        text_init(&text, most);
        assert_int_equal(store_get_document(store, "k", &text, NULL, &err), STORE_FAILED);
        assert_string_equal(err.code, "too_large");
        store_destroy(store);
        text_finish(&text);
    }
    raw_stop(&server);
}

/* ---- TLS on one side only ---- */

static bool say(struct raw_server *server, int fd, const char *head)
{
    (void)head;
    return raw_say(fd, server->arg) && false;
}

static void tls_on_one_side_only_is_named(void **state)
{
    static const struct {
        const char *scheme, *says, *hint;
    } cases[] = {
        {"http",
         "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
         "https:// in"},
        {"http",
         "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html><title>400 The plain "
         "HTTP request was sent to HTTPS port</title>",
         "https:// in"},
        {"http", "", "https:// in"},
        {"http", "\x15\x03\x01\x00\x02\x02\x46", "https:// in"}, /* an alert */
        {"https", "HTTP/1.1 400 Bad Request\r\n\r\n", "http:// in"},
        {"https", "", "http:// in"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (enum store_verb verb = STORE_HEAD; verb <= STORE_GET; verb++) {
            struct raw_server server = {.answer = say, .arg = (void *)(uintptr_t)cases[i].says};
            struct store_op op = {.verb = verb, .key = "k"};
            struct err err = {0};
            char url[96];

            raw_start(&server);
            snprintf(url, sizeof url, "%s%s", cases[i].scheme, strstr(server.url, "://"));
            assert_int_equal(run_one(open_patient(url, 1, 0), &op, &err), STORE_FAILED);
            if (!strstr(err.hint, cases[i].hint))
                fail_msg("case %zu: %s; %s", i, err.text, err.hint);
            raw_stop(&server);
        }
}

static void a_daemon_with_or_without_tls_is_named(void **state)
{
    static const struct {
        const char *scheme, *says, *hint;
    } cases[] = {
        {"http",
         "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
         "DOCKER_TLS_VERIFY=1"},
        {"http", "", "DOCKER_TLS_VERIFY=1"},
        {"http", "\x15\x03\x01\x00\x02\x02\x46", "DOCKER_TLS_VERIFY=1"},
        {"https", "HTTP/1.1 400 Bad Request\r\n\r\n", "unset DOCKER_TLS_VERIFY"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_server server = {.answer = say, .arg = (void *)(uintptr_t)cases[i].says};
        struct docker_endpoint endpoint = {.origin = "DOCKER_HOST", .tls_verify = true};
        struct err err = {0};

        raw_start(&server);
        snprintf(endpoint.url, sizeof endpoint.url, "%s%s", cases[i].scheme,
                 strstr(server.url, "://"));
        assert_null(docker_open(&endpoint, NULL, &err));
        assert_string_equal(err.code, "unreachable");
        if (!strstr(err.hint, cases[i].hint))
            fail_msg("case %zu: %s; %s", i, err.text, err.hint);
        raw_stop(&server);
    }
}

/* ---- notes about waits ---- */

#define LATE 250 /* ms */

/* Runs `act` and returns its standard error. */
static char *notes_of(void (*act)(void *arg), void *arg)
{
    static char text[4096];
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    silence_set_after(60 * NS_PER_MS);
    act(arg);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* The server asks the first request to retry later, and delays all other responses. */
static bool dawdle(struct raw_server *server, int fd, const char *head)
{
    (void)head;
    if (server->requests == 1)
        return raw_say(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 43\r\n\r\n"
                           "<Error><Code>XDiskIsFullOrSo</Code></Error>");
    raw_pause_ms(LATE);
    return raw_say(fd, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 22\r\n\r\n"
                       "<A><ETag>e</ETag>  </A>");
}

static void put_and_copy(void *arg)
{
    const struct raw_server *server = arg;
    struct store *store = open_patient(server->url, 0, 0);
    struct store_op put = {.verb = STORE_PUT, .key = "doc", .body = view_str("{}")};
    struct store_op copy = {.verb = STORE_COPY, .key = "there", .source = "here"};
    struct err err = {0};

    (void)store_run(store, &put, &err);
    (void)store_run(store, &copy, &err);
    if (err.text[0])
        dprintf(STDERR_FILENO, "%s", err.text);
    store_destroy(store);
}

static void a_slow_store_is_reported_with_its_reason(void **state)
{
    struct raw_server server = {.answer = dawdle};

    (void)state;
    raw_start(&server);
    const char *notes = notes_of(put_and_copy, &server);
    if (!strstr(notes, "after 2 tries: writing s3://images/doc") ||
        !strstr(notes, "XDiskIsFullOrSo") ||
        !strstr(notes, "waiting for the store, copying to s3://images/there"))
        fail_msg("%s", notes);
    raw_stop(&server);
}

static bool answer_never(struct raw_server *server, int fd, const char *head)
{
    (void)fd;
    (void)head;
    while (!atomic_load(&server->stopped))
        raw_pause_ms(10);
    return false;
}

/* A daemon that responds after half a second. */
static bool answer_late(struct raw_server *server, int fd, const char *head)
{
    (void)server;
    (void)head;
    raw_pause_ms(LATE);
    return raw_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
}

static void ask_and_send(void *arg)
{
    const struct raw_server *server = arg;
    const struct stream_peer peer = {.base_url = server->url};
    struct err err;
    int status;
    struct stream *stream = stream_open(&peer, "GET", "/info", NULL, (struct view){0}, false, &err);

    assert_non_null(stream);
    assert_int_equal(stream_status(stream, &status, &err), 0);
    stream_close(stream);
}

/* Sends to a daemon that reads nothing, until notes have appeared for a while. */
static void send_in_vain(void *arg)
{
    static uint8_t piece[1024 * 1024];
    const struct raw_server *server = arg;
    atomic_bool stop = false;
    const struct stream_peer peer = {
        .base_url = server->url, .answer_within = 2 * LATE * NS_PER_MS, .stop = &stop};
    struct err err;
    struct stream *stream =
        stream_open(&peer, "POST", "/images/load", NULL, (struct view){0}, true, &err);

    assert_non_null(stream);
    while (stream_write(stream, view_of(piece, sizeof piece), &err) == 0)
        ;
    stream_close(stream);
}

static void a_daemon_without_progress_is_reported(void **state)
{
    struct raw_server late = {.answer = answer_late};
    struct raw_server deaf = {.answer = answer_never, .leaves_bodies = true};

    (void)state;
    raw_start(&late);
    assert_non_null(strstr(notes_of(ask_and_send, &late), "has sent nothing"));
    raw_stop(&late);
    raw_start(&deaf);
    assert_non_null(strstr(notes_of(send_in_vain, &deaf), "takes no more bytes"));
    raw_stop(&deaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_of_a_proxy_is_not_one_of_the_store),
        cmocka_unit_test(a_proxy_on_plain_http_is_detected_by_missing_s3_fields),
        cmocka_unit_test(an_unreachable_proxy_is_named),
        cmocka_unit_test(a_proxy_is_named_without_its_login),
        cmocka_unit_test(responses_are_read_like_in_the_reference_clients),
        cmocka_unit_test(packed_responses_are_unpacked_but_not_objects),
        cmocka_unit_test(the_rest_of_a_response_is_not_another_server),
        cmocka_unit_test(a_header_has_a_bound),
        cmocka_unit_test(trailers_do_not_replace_headers),
        cmocka_unit_test(trailers_have_a_bound),
        cmocka_unit_test(a_bound_holds_under_a_rate_limit),
        cmocka_unit_test(tls_on_one_side_only_is_named),
        cmocka_unit_test(a_daemon_with_or_without_tls_is_named),
        cmocka_unit_test(a_slow_store_is_reported_with_its_reason),
        cmocka_unit_test(a_daemon_without_progress_is_reported),
        cmocka_unit_test(a_slow_document_has_a_time_limit),
        cmocka_unit_test(a_slow_body_has_a_time_limit),
        cmocka_unit_test(a_slow_range_on_a_fast_link_is_retried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
