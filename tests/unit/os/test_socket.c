#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/address.h"
#include "os/socket.h"
#include "os/wait.h"

#define HOUR (INT64_C(3600) * 1000000000)

/* Listens at a free port of 127.0.0.1, whose address goes to *out. */
static int listen_somewhere(struct os_address *out, unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = os_socket(AF_INET, SOCK_STREAM, 0);
    struct os_address found[OS_ADDRESSES_MAX];
    char text[8];
    unsigned count;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    snprintf(text, sizeof text, "%u", *port);
    assert_null(os_resolve("127.0.0.1", text, true, found, &count));
    *out = found[0];
    return fd;
}

static int connect_to(const struct os_address *address, int *result)
{
    int fd = os_socket_for(address, OS_STREAM);

    assert_true(fd >= 0);
    if (os_connect(fd, address) != 0) {
        assert_true(errno == EINPROGRESS || errno == ECONNREFUSED);
        if (errno == ECONNREFUSED) {
            *result = errno;
            return fd;
        }
        assert_int_equal(os_wait_one(fd, OS_WRITABLE, HOUR), OS_WRITABLE);
    }
    *result = os_connect_result(fd);
    return fd;
}

static void bytes_pass_and_nothing_waits(void **state)
{
    struct os_address address;
    unsigned port;
    char byte = 0;
    int listener = listen_somewhere(&address, &port), result, client, server;

    (void)state;
    assert_int_equal(os_check_port((uint16_t)port), EADDRINUSE);
    client = connect_to(&address, &result);
    assert_int_equal(result, 0);
    assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(listener, F_GETFD) & FD_CLOEXEC);
    os_acknowledge(client);
    os_limit_unsent(client, 4096);
    assert_int_equal(read(client, &byte, 1), -1);
    assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    assert_int_equal(os_send(client, "x", 1), 1);
    assert_int_equal(read(server, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(server);
    close(client);
    close(listener);
}

static void a_closed_port_refuses(void **state)
{
    struct os_address address;
    unsigned port;
    int result;

    (void)state;
    close(listen_somewhere(&address, &port));
    close(connect_to(&address, &result));
    assert_int_equal(result, ECONNREFUSED);
}

/* SIGPIPE has its usual effect in this program. */
static void a_write_to_a_closed_socket_raises_no_signal(void **state)
{
    struct os_address address;
    unsigned port;
    int listener = listen_somewhere(&address, &port), result, client, server;
    ssize_t sent;

    (void)state;
    client = connect_to(&address, &result);
    server = accept(listener, NULL, NULL);
    close(server);
    assert_int_equal(os_wait_one(client, OS_READABLE, HOUR), OS_READABLE);
    for (int i = 0; (sent = os_send(client, "x", 1)) >= 0 && i < 1000; i++)
        os_nap(1);
    assert_int_equal(sent, -1);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    close(client);
    close(listener);
}

static void a_datagram_goes_to_a_path(void **state)
{
    char path[64], got[8] = "";
    struct os_address address;
    int receiver, sender;

    (void)state;
    snprintf(path, sizeof path, "/tmp/s3dock-os-socket-%ld", (long)getpid());
    assert_true(os_address_of_path(path, &address));
    receiver = os_socket_for(&address, OS_DATAGRAM);
    sender = os_socket_for(&address, OS_DATAGRAM);
    assert_true(receiver >= 0 && sender >= 0);
    assert_int_equal(os_send_to(sender, &address, "a", 1), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(bind(receiver, (struct sockaddr *)&address.in, address.size), 0);
    assert_int_equal(os_send_to(sender, &address, "ready", 5), 5);
    assert_int_equal(read(receiver, got, sizeof got), 5);
    assert_string_equal(got, "ready");
    close(sender);
    close(receiver);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_and_nothing_waits),
        cmocka_unit_test(a_closed_port_refuses),
        cmocka_unit_test(a_write_to_a_closed_socket_raises_no_signal),
        cmocka_unit_test(a_datagram_goes_to_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
