/*
 * HAProxy reads one line, writes the response and closes. Each wait takes CANCEL_TICK at most.
 */
#include "deploy/traffic/haproxy_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "flow/cancel.h"
#include "os/address.h"
#include "os/socket.h"
#include "os/wait.h"

struct exchange {
    const struct haproxy_socket *socket;
    int64_t deadline;
    int fd;
};

static int fail(const struct exchange *exchange, struct err *err, const char *what)
{
    return err_set(err, ERR_DEPLOY, CODE_SWITCH, "HAProxy's admin socket %s: %s",
                   exchange->socket->address, what);
}

static int fail_errno(const struct exchange *exchange, struct err *err, int errnum)
{
    fail(exchange, err, strerror(errnum));
    if (errnum == EACCES || errnum == EPERM)
        return err_hint(err, "run as root, or as a user of the socket's group");
    if (errnum == ENOENT || errnum == ECONNREFUSED)
        return err_hint(err, "is HAProxy running, and does its configuration have this `stats "
                             "socket ... level admin`?");
    return ERR_FAIL;
}

/* Waits until the socket is ready, or a tick is over. `fd` -1: only the tick. */
static int wait_for(const struct exchange *exchange, int fd, int want, struct err *err)
{
    os_wait_one(fd, want, CANCEL_TICK);
    if (cancel_check(exchange->socket->cancel, err) < 0)
        return ERR_FAIL;
    if (clock_monotonic() > exchange->deadline)
        return fail(exchange, err, "no response in time");
    return 0;
}

/* ---- connecting ---- */

static int finish_connect(const struct exchange *exchange, struct err *err)
{
    int failed;

    while (os_wait_one(exchange->fd, OS_WRITABLE, 0) <= 0)
        if (wait_for(exchange, exchange->fd, OS_WRITABLE, err) < 0)
            return ERR_FAIL;
    failed = os_connect_result(exchange->fd);
    return failed ? fail_errno(exchange, err, failed) : 0;
}

/* EAGAIN: the queue of a unix socket is full. */
static int connect_to(struct exchange *exchange, const struct os_address *address, struct err *err)
{
    exchange->fd = os_socket_for(address, OS_STREAM);
    if (exchange->fd < 0)
        return fail_errno(exchange, err, errno);
    while (os_connect(exchange->fd, address) != 0) {
        if (errno == EINPROGRESS)
            return finish_connect(exchange, err);
        if (errno != EAGAIN && errno != EINTR)
            return fail_errno(exchange, err, errno);
        if (wait_for(exchange, -1, 0, err) < 0)
            return ERR_FAIL;
    }
    return 0;
}

static int connect_path(struct exchange *exchange, struct err *err)
{
    struct os_address address;

    if (!os_address_of_path(exchange->socket->address, &address))
        return fail(exchange, err, "the path is too long for a socket");
    return connect_to(exchange, &address, err);
}

static void close_socket(struct exchange *exchange)
{
    if (exchange->fd >= 0)
        close(exchange->fd);
    exchange->fd = -1;
}

/* Splits HOST:PORT or [IPV6]:PORT in place. Returns the port, or NULL. */
static char *split_port(char *address, char **host)
{
    bool bracket = address[0] == '[';
    char *end = bracket ? strchr(address, ']') : strchr(address, ':');
    char *colon = bracket && end ? end + 1 : end;

    *host = address + bracket;
    if (!end || end == *host || colon[0] != ':' || !colon[1] || strchr(colon + 1, ':'))
        return NULL;
    *end = '\0';
    return colon + 1;
}

static int connect_host(struct exchange *exchange, struct err *err)
{
    struct os_address found[OS_ADDRESSES_MAX];
    char address[512], *host = NULL, *port = NULL;
    int failed = ERR_FAIL;
    const char *fault;
    unsigned count;

    if (str_copy(address, sizeof address, exchange->socket->address))
        port = split_port(address, &host);
    if (!port)
        return fail(exchange, err, "neither a path nor HOST:PORT");
    fault = os_resolve(host, port, false, found, &count);
    if (fault)
        return fail(exchange, err, fault);
    for (unsigned i = 0; i < count && failed; i++) {
        close_socket(exchange);
        failed = connect_to(exchange, &found[i], err);
        if (failed && err->family == ERR_CANCELLED)
            break;
    }
    return failed;
}

/* ---- one command ---- */

static int send_all(const struct exchange *exchange, const char *bytes, size_t size,
                    struct err *err)
{
    while (size > 0) {
        ssize_t sent = os_send(exchange->fd, bytes, size);

        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return fail_errno(exchange, err, errno);
        if (sent < 0) {
            if (wait_for(exchange, exchange->fd, OS_WRITABLE, err) < 0)
                return ERR_FAIL;
            continue;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}

static int receive_all(const struct exchange *exchange, struct text *answer, struct err *err)
{
    char block[4 * KIB];

    for (;;) {
        ssize_t got = read(exchange->fd, block, sizeof block);

        if (got == 0)
            break;
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return fail_errno(exchange, err, errno);
        if (got > 0)
            text_add(answer, block, (size_t)got);
        if (answer->failed)
            return fail(exchange, err, "the response is too large");
        /* Also between blocks, so that a flood cannot outlast the limit. */
        if (clock_monotonic() > exchange->deadline || got < 0)
            if (wait_for(exchange, exchange->fd, OS_READABLE, err) < 0)
                return ERR_FAIL;
    }
    if (answer->size == 0)
        return fail(exchange, err, "it was closed without a response");
    if (answer->data[answer->size - 1] != '\n')
        return fail(exchange, err, "the response ends within a line");
    return 0;
}

int haproxy_ask(const struct haproxy_socket *socket, const char *command, struct text *answer,
                struct err *err)
{
    struct exchange exchange = {
        .socket = socket, .deadline = clock_monotonic() + socket->limit, .fd = -1};
    int failed;

    text_clear(answer);
    failed =
        socket->address[0] == '/' ? connect_path(&exchange, err) : connect_host(&exchange, err);
    if (failed == 0)
        failed = send_all(&exchange, command, strlen(command), err);
    if (failed == 0)
        failed = send_all(&exchange, "\n", 1, err);
    if (failed == 0)
        failed = receive_all(&exchange, answer, err);
    close_socket(&exchange);
    return failed;
}
