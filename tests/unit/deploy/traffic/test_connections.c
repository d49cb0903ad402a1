#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deploy/traffic/connections.h"

static int listen_on(int family, uint16_t *port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const bool is_six = family == AF_INET6;
    struct sockaddr *address = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t size = is_six ? sizeof six : sizeof four;
    int fd = socket(family, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, address, size) || listen(fd, 8) || getsockname(fd, address, &size)) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(is_six ? six.sin6_port : four.sin_port);
    return fd;
}

static int connect_to(int family, uint16_t port)
{
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback, .sin6_port = htons(port)};
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(family, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(family == AF_INET6 ? connect(fd, (struct sockaddr *)&six, sizeof six)
                                        : connect(fd, (struct sockaddr *)&four, sizeof four),
                     0);
    return fd;
}

/* Sockets of other programs that open and close can hide one, or show one twice. */
static void assert_count(uint16_t port, int64_t expected)
{
    int64_t count = -1;

    for (unsigned i = 0; i < 1000 && count != expected; i++)
        assert_true(connections_count(getpid(), port, &count));
    assert_int_equal(count, expected);
}

static void count_family(int family)
{
    uint16_t port;
    int listener = listen_on(family, &port), first, second;

    if (listener < 0)
        return; /* no IPv6 */
    assert_count(port, 0);
    first = connect_to(family, port);
    assert_count(port, 1);
    second = connect_to(family, port);
    assert_count(port, 2);
    close(first);
    close(second);
    close(listener);
}

static void connections_to_the_port_are_counted(void **state)
{
    (void)state;
    count_family(AF_INET);
    count_family(AF_INET6);
}

/* The client's end has the port as its remote one. */
static void the_other_end_of_a_connection_does_not_count(void **state)
{
    uint16_t port;
    int listener = listen_on(AF_INET, &port), client = connect_to(AF_INET, port);
    int server = accept(listener, NULL, NULL);

    (void)state;
    assert_count(port, 1);
    close(server);
    close(client);
    close(listener);
}

static void a_missing_process_is_unknown(void **state)
{
    int64_t count;

    (void)state;
    assert_false(connections_count(0, 80, &count));
    assert_int_equal(count, -1);
    assert_false(connections_count(-5, 80, &count));
    assert_false(connections_count(INT64_MAX, 80, &count));
    assert_false(connections_count(getpid(), 0, &count));
    assert_int_equal(count, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_to_the_port_are_counted),
        cmocka_unit_test(the_other_end_of_a_connection_does_not_count),
        cmocka_unit_test(a_missing_process_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
