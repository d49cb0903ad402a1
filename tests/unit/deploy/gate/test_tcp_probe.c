/* Connections to ports that are open, closed, and closed behind an open one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "deploy/gate/tcp_probe.h"
#include "flow/cancel.h"

#include "kit/raw_server.h"

static char answer[128];
static struct cancel cancel;
static struct err err;

static int listen_at(char address[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof at;

    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    snprintf(address, 64, "127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

static int probe(const char *address)
{
    return tcp_probe(address, 2 * NS_PER_S, &cancel, answer, sizeof answer, &err);
}

static void an_open_port_passes(void **state)
{
    char address[64];
    int fd = listen_at(address);

    (void)state;
    assert_int_equal(probe(address), PROBE_PASSED);
    close(fd);
    assert_int_equal(probe(address), PROBE_REFUSED);
    assert_string_equal(answer, "Connection refused");
}

/* Closes the first connection at once, as docker-proxy does, and greets on the second. */
static void *close_and_greet(void *arg)
{
    int listener = *(int *)arg, fd = accept(listener, NULL, NULL);

    close(fd);
    fd = accept(listener, NULL, NULL);
    raw_say(fd, "220 ready\r\n");
    raw_pause_ms(300);
    close(fd);
    return NULL;
}

static void a_connection_that_is_closed_at_once_does_not_pass(void **state)
{
    pthread_t thread;
    char address[64];
    int fd = listen_at(address);

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, close_and_greet, &fd), 0);
    assert_int_equal(probe(address), PROBE_REFUSED);
    assert_string_equal(answer, "the connection was closed at once");
    assert_int_equal(probe(address), PROBE_PASSED);
    pthread_join(thread, NULL);
    close(fd);
}

static void only_addresses_are_taken(void **state)
{
    static const char *const BAD[] = {"", "shop:80", "127.0.0.1", ":80", "[::1", "127.0.0.1:http"};

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(probe(BAD[i]), PROBE_REFUSED);
        assert_non_null(strstr(answer, "not an IP address"));
    }
    assert_int_equal(probe("[::1]:1"), PROBE_REFUSED);
    assert_null(strstr(answer, "not an IP address"));
}

static void a_cancel_ends_the_wait(void **state)
{
    char address[64];
    int fd = listen_at(address);

    (void)state;
    cancel_request(&cancel, 15);
    assert_int_equal(probe(address), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_port_passes),
        cmocka_unit_test(a_connection_that_is_closed_at_once_does_not_pass),
        cmocka_unit_test(only_addresses_are_taken),
        cmocka_unit_test(a_cancel_ends_the_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
