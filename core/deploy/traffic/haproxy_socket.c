/*
 * HAProxy reads one line, writes the answer and closes. All waits are polls of CANCEL_TICK at most.
 */
#include "deploy/traffic/haproxy_socket.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "flow/cancel.h"

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
static int wait_for(const struct exchange *exchange, int fd, short events, struct err *err)
{
    struct pollfd pfd = {.fd = fd, .events = events};

    poll(&pfd, 1, (int)(CANCEL_TICK / NS_PER_MS));
    if (cancel_check(exchange->socket->cancel, err) < 0)
        return ERR_FAIL;
    if (clock_monotonic() > exchange->deadline)
        return fail(exchange, err, "no response in time");
    return 0;
}

/* ---- connecting ---- */

static int finish_connect(const struct exchange *exchange, struct err *err)
{
    struct pollfd pfd = {.fd = exchange->fd, .events = POLLOUT};
    int failed = 0;
    socklen_t size = sizeof failed;

    while (poll(&pfd, 1, 0) <= 0)
        if (wait_for(exchange, exchange->fd, POLLOUT, err) < 0)
            return ERR_FAIL;
    if (getsockopt(exchange->fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0)
        failed = errno;
    return failed ? fail_errno(exchange, err, failed) : 0;
}

/* EAGAIN: the queue of a unix socket is full. */
static int connect_to(struct exchange *exchange, const struct sockaddr *address, socklen_t size,
                      struct err *err)
{
    exchange->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (exchange->fd < 0)
        return fail_errno(exchange, err, errno);
    while (connect(exchange->fd, address, size) != 0) {
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
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!str_copy(address.sun_path, sizeof address.sun_path, exchange->socket->address))
        return fail(exchange, err, "the path is too long for a socket");
    return connect_to(exchange, (const struct sockaddr *)&address, sizeof address, err);
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
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char address[512], *host = NULL, *port = NULL;
    struct addrinfo *list = NULL;
    int failed = ERR_FAIL;

    if (str_copy(address, sizeof address, exchange->socket->address))
        port = split_port(address, &host);
    if (!port)
        return fail(exchange, err, "neither a path nor HOST:PORT");
    failed = getaddrinfo(host, port, &hints, &list);
    if (failed)
        return fail(exchange, err, gai_strerror(failed));
    failed = ERR_FAIL;
    for (const struct addrinfo *at = list; at && failed; at = at->ai_next) {
        close_socket(exchange);
        failed = connect_to(exchange, at->ai_addr, at->ai_addrlen, err);
        if (failed && err->family == ERR_CANCELLED)
            break;
    }
    freeaddrinfo(list);
    return failed;
}

/* ---- one command ---- */

static int send_all(const struct exchange *exchange, const char *bytes, size_t size,
                    struct err *err)
{
    while (size > 0) {
        ssize_t sent = send(exchange->fd, bytes, size, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return fail_errno(exchange, err, errno);
        if (sent < 0) {
            if (wait_for(exchange, exchange->fd, POLLOUT, err) < 0)
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
        ssize_t got = recv(exchange->fd, block, sizeof block, 0);

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
            if (wait_for(exchange, exchange->fd, POLLIN, err) < 0)
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
