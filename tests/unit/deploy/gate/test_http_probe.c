/* Requests to servers that answer well, wrongly, slowly, and without end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "deploy/gate/http_probe.h"
#include "flow/cancel.h"

#include "kit/raw_server.h"

static struct raw_server server;
static struct cancel cancel;
static struct err err;
static char answer[256], last_head[RAW_REQUEST_SIZE];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool asks(const char *head, const char *path)
{
    return strncmp(head + 4, path, strlen(path)) == 0 && head[4 + strlen(path)] == ' ';
}

static bool send_many(struct raw_server *from, int fd, const char *piece)
{
    while (!atomic_load(&from->stopped) && raw_say(fd, piece))
        ;
    return false;
}

static bool answer_request(struct raw_server *from, int fd, const char *head)
{
    pthread_mutex_lock(&lock);
    snprintf(last_head, sizeof last_head, "%s", head);
    pthread_mutex_unlock(&lock);
    if (asks(head, "/ok"))
        return raw_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    if (asks(head, "/moved"))
        return raw_say(fd, "HTTP/1.1 301 Moved\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    if (asks(head, "/continue"))
        return raw_say(fd, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    if (asks(head, "/empty"))
        return raw_say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    if (asks(head, "/bad"))
        return raw_say(
            fd,
            "HTTP/1.1 503 Busy\r\nContent-Length: 22\r\n\r\n no\x1b[31m\n\n database \xff\xfe\n");
    if (asks(head, "/long")) {
        raw_say(fd, "HTTP/1.1 500 Oh\r\n\r\n");
        return send_many(from, fd, "0123456789");
    }
    if (asks(head, "/stream")) {
        raw_say(fd, "HTTP/1.1 200 OK\r\n\r\n");
        return send_many(from, fd, "0123456789");
    }
    if (asks(head, "/headers")) {
        raw_say(fd, "HTTP/1.1 200 OK\r\n");
        return send_many(from, fd, "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n");
    }
    if (asks(head, "/continues"))
        return send_many(from, fd, "HTTP/1.1 100 Continue\r\n\r\n");
    if (asks(head, "/garbage"))
        return raw_say(fd, "SSH-2.0-OpenSSH_9.2\r\n") && false;
    if (asks(head, "/short"))
        return raw_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") && false;
    if (asks(head, "/drip")) {
        raw_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        raw_drip(from, fd);
    } else if (asks(head, "/silent")) {
        while (!atomic_load(&from->stopped))
            raw_pause_ms(10);
    }
    return false; /* also /close */
}

static int start_server(void **state)
{
    (void)state;
    server = (struct raw_server){.answer = answer_request};
    raw_start(&server);
    cancel_init(&cancel);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    raw_stop(&server);
    return 0;
}

static int probe_with(struct http_probe probe)
{
    probe.address = probe.address ? probe.address : server.url + strlen("http://");
    probe.host = probe.host ? probe.host : "";
    probe.limit = probe.limit ? probe.limit : 10 * NS_PER_S;
    err = (struct err){0};
    return http_probe(&probe, &cancel, answer, sizeof answer, &err);
}

static int probe(const char *path)
{
    return probe_with((struct http_probe){.path = path});
}

static bool was_sent(const char *line)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = strstr(last_head, line) != NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

static void statuses_from_200_to_399_pass(void **state)
{
    (void)state;
    assert_int_equal(probe("/ok"), PROBE_PASSED);
    assert_string_equal(answer, "");
    assert_int_equal(probe("ok"), PROBE_PASSED);
    assert_int_equal(probe("/moved"), PROBE_PASSED);
    assert_true(was_sent("GET /moved "));
    assert_int_equal(probe("/continue"), PROBE_PASSED);
    assert_int_equal(probe("/empty"), PROBE_REFUSED);
    assert_string_equal(answer, "status 404");
}

static void one_status_can_be_demanded(void **state)
{
    (void)state;
    assert_int_equal(probe_with((struct http_probe){.path = "/moved", .status = 301}),
                     PROBE_PASSED);
    assert_int_equal(probe_with((struct http_probe){.path = "/moved", .status = 200}),
                     PROBE_REFUSED);
    assert_string_equal(answer, "status 301 instead of 200");
}

static void a_refusal_shows_the_body_in_one_printable_line(void **state)
{
    (void)state;
    assert_int_equal(probe("/bad"), PROBE_REFUSED);
    assert_string_equal(answer, "status 503: no?[31m database ??");
    assert_int_equal(probe("/long"), PROBE_REFUSED);
    assert_int_equal(strlen(answer), strlen("status 500: ") + 200);
}

static void an_endless_body_is_not_read(void **state)
{
    int64_t began = clock_monotonic();

    (void)state;
    assert_int_equal(probe("/stream"), PROBE_PASSED);
    assert_true(clock_monotonic() - began < 8 * NS_PER_S);
}

static void endless_headers_are_refused(void **state)
{
    (void)state;
    assert_int_equal(probe("/headers"), PROBE_REFUSED);
    assert_non_null(strstr(answer, "headers"));
    assert_int_equal(probe("/continues"), PROBE_REFUSED);
    assert_true(answer[0] != '\0');
}

static void other_protocols_are_refused(void **state)
{
    (void)state;
    assert_int_equal(probe("/garbage"), PROBE_REFUSED);
    assert_true(answer[0] != '\0');
    assert_int_equal(probe("/close"), PROBE_REFUSED);
    assert_true(answer[0] != '\0');
    assert_int_equal(probe_with((struct http_probe){.path = "/ok", .https = true}), PROBE_REFUSED);
    assert_true(answer[0] != '\0');
}

static void a_response_must_be_complete(void **state)
{
    (void)state;
    assert_int_equal(probe("/short"), PROBE_REFUSED);
    assert_int_equal(probe_with((struct http_probe){.path = "/drip", .limit = 300 * NS_PER_MS}),
                     PROBE_REFUSED);
    assert_string_equal(answer, "no complete response within 0.3 s");
    assert_int_equal(probe_with((struct http_probe){.path = "/silent", .limit = 300 * NS_PER_MS}),
                     PROBE_REFUSED);
    assert_string_equal(answer, "no complete response within 0.3 s");
}

static void a_closed_port_is_refused(void **state)
{
    (void)state;
    assert_int_equal(probe_with((struct http_probe){.path = "/", .address = "127.0.0.1:1"}),
                     PROBE_REFUSED);
    assert_non_null(strstr(answer, "127.0.0.1"));
}

static void the_host_header_is_the_configured_one(void **state)
{
    (void)state;
    assert_int_equal(probe_with((struct http_probe){.path = "/ok", .host = "shop.example.com"}),
                     PROBE_PASSED);
    assert_true(was_sent("\r\nHost: shop.example.com\r\n"));
    assert_int_equal(probe_with((struct http_probe){.path = "/ok?a=b", .host = "x:8080"}),
                     PROBE_REFUSED);
    assert_true(was_sent("GET /ok?a=b "));
    assert_true(was_sent("\r\nHost: x:8080\r\n"));
}

static void a_host_cannot_add_headers(void **state)
{
    unsigned before = atomic_load(&server.requests);

    (void)state;
    assert_int_equal(probe_with((struct http_probe){.path = "/ok", .host = "x\r\nA: b"}),
                     PROBE_REFUSED);
    assert_int_equal(probe_with((struct http_probe){.path = "/ok HTTP/1.1"}), PROBE_REFUSED);
    assert_int_equal(atomic_load(&server.requests), before);
}

static void the_proxy_of_the_environment_is_not_used(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(probe("/ok"), PROBE_PASSED);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

static void *request_cancel(void *arg)
{
    (void)arg;
    raw_pause_ms(100);
    cancel_request(&cancel, SIGTERM);
    return NULL;
}

static void a_cancel_ends_the_wait(void **state)
{
    int64_t began = clock_monotonic();
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, request_cancel, NULL), 0);
    assert_int_equal(probe("/silent"), ERR_FAIL);
    pthread_join(thread, NULL);
    assert_int_equal(err.family, ERR_CANCELLED);
    assert_true(clock_monotonic() - began < 5 * NS_PER_S);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(statuses_from_200_to_399_pass),
        TEST(one_status_can_be_demanded),
        TEST(a_refusal_shows_the_body_in_one_printable_line),
        TEST(an_endless_body_is_not_read),
        TEST(endless_headers_are_refused),
        TEST(other_protocols_are_refused),
        TEST(a_response_must_be_complete),
        TEST(a_closed_port_is_refused),
        TEST(the_host_header_is_the_configured_one),
        TEST(a_host_cannot_add_headers),
        TEST(the_proxy_of_the_environment_is_not_used),
        TEST(a_cancel_ends_the_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
