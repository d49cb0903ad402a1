/*
 * A port that Docker publishes accepts connections as soon as the container exists: docker-proxy
 * listens there, and closes the connection if nothing listens in the container. So a connection
 * counts only if it stays open for a moment, or if bytes arrive.
 */
#include "deploy/gate/tcp_probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "flow/cancel.h"

#define STAYS_OPEN (150 * NS_PER_MS)

/* Returns the address, which the caller frees, or NULL. */
static struct addrinfo *parse_address(const char *address)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    const char *colon = strrchr(address, ':');
    struct addrinfo *found;
    char host[64];
    size_t size;

    if (!colon)
        return NULL;
    size = (size_t)(colon - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof host)
        return NULL;
    memcpy(host, address, size);
    host[size] = '\0';
    return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

/* Waits until the socket has an event. Returns the events, 0 at the time `end`, or ERR_FAIL. */
static int wait_for(int fd, short events, int64_t end, const struct cancel *cancel, struct err *err)
{
    for (;;) {
        int64_t left = end - clock_monotonic();
        struct pollfd poll_fd = {.fd = fd, .events = events};

        if (cancel_check(cancel, err) < 0)
            return ERR_FAIL;
        if (left <= 0)
            return 0;
        if (left > CANCEL_TICK)
            left = CANCEL_TICK;
        if (poll(&poll_fd, 1, (int)(left / NS_PER_MS) + 1) > 0)
            return poll_fd.revents;
    }
}

/* Stores an errno, or 0, in *reason. */
static int connect_to(int fd, const struct addrinfo *to, int64_t end, const struct cancel *cancel,
                      int *reason, struct err *err)
{
    socklen_t size = sizeof *reason;
    int events;

    *reason = connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
    if (*reason != EINPROGRESS)
        return 0;
    events = wait_for(fd, POLLOUT, end, cancel, err);
    if (events < 0)
        return ERR_FAIL;
    if (events == 0)
        *reason = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, reason, &size) != 0)
        *reason = errno;
    return 0;
}

/* Stores ECONNRESET if the other side closes the connection. */
static int stay(int fd, const struct cancel *cancel, int *reason, struct err *err)
{
    int events = wait_for(fd, POLLIN, clock_monotonic() + STAYS_OPEN, cancel, err);
    char byte;

    if (events < 0)
        return ERR_FAIL;
    if (events && recv(fd, &byte, 1, MSG_PEEK) <= 0)
        *reason = ECONNRESET;
    return 0;
}

static int try_socket(int fd, const struct addrinfo *to, int64_t limit, const struct cancel *cancel,
                      int *reason, struct err *err)
{
    if (connect_to(fd, to, clock_monotonic() + limit, cancel, reason, err) < 0)
        return ERR_FAIL;
    return *reason ? 0 : stay(fd, cancel, reason, err);
}

int tcp_probe(const char *address, int64_t limit, const struct cancel *cancel, char *answer,
              size_t size, struct err *err)
{
    struct addrinfo *to = parse_address(address);
    int fd, reason = 0, failed = 0;

    answer[0] = '\0';
    if (!to) {
        snprintf(answer, size, "%.64s is not an IP address with a port", address);
        return PROBE_REFUSED;
    }
    fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        reason = errno;
    else
        failed = try_socket(fd, to, limit, cancel, &reason, err);
    if (fd >= 0)
        close(fd);
    freeaddrinfo(to);
    if (failed)
        return ERR_FAIL;
    if (reason)
        snprintf(answer, size, "%s",
                 reason == ECONNRESET ? "the connection was closed at once" : strerror(reason));
    return reason ? PROBE_REFUSED : PROBE_PASSED;
}
