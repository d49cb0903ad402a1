/*
 * A port that Docker publishes accepts connections as soon as the container exists: docker-proxy
 * listens there, and closes the connection if nothing listens in the container. So a connection
 * counts only if it stays open for a moment, or if bytes arrive.
 */
#include "deploy/gate/tcp_probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "flow/cancel.h"
#include "os/address.h"
#include "os/socket.h"
#include "os/wait.h"

#define STAYS_OPEN (150 * NS_PER_MS)

static bool parse_address(const char *address, struct os_address *out)
{
    struct os_address found[OS_ADDRESSES_MAX];
    const char *colon = strrchr(address, ':');
    char host[64];
    unsigned count;
    size_t size;

    if (!colon)
        return false;
    size = (size_t)(colon - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof host)
        return false;
    memcpy(host, address, size);
    host[size] = '\0';
    if (os_resolve(host, colon + 1, true, found, &count) || count == 0)
        return false;
    *out = found[0];
    return true;
}

/* Waits until the socket is ready. Returns what for, 0 at the time `end`, or ERR_FAIL. */
static int wait_for(int fd, int want, int64_t end, const struct cancel *cancel, struct err *err)
{
    for (;;) {
        int64_t left = end - clock_monotonic();
        int ready;

        if (cancel_check(cancel, err) < 0)
            return ERR_FAIL;
        if (left <= 0)
            return 0;
        ready = os_wait_one(fd, want, left < CANCEL_TICK ? left : CANCEL_TICK);
        if (ready > 0)
            return ready;
    }
}

/* Stores an errno, or 0, in *reason. */
static int connect_to(int fd, const struct os_address *to, int64_t end, const struct cancel *cancel,
                      int *reason, struct err *err)
{
    int ready;

    *reason = os_connect(fd, to) == 0 ? 0 : errno;
    if (*reason != EINPROGRESS)
        return 0;
    ready = wait_for(fd, OS_WRITABLE, end, cancel, err);
    if (ready < 0)
        return ERR_FAIL;
    *reason = ready == 0 ? ETIMEDOUT : os_connect_result(fd);
    return 0;
}

/* Stores ECONNRESET if the other side closes the connection. */
static int stay(int fd, const struct cancel *cancel, int *reason, struct err *err)
{
    int ready = wait_for(fd, OS_READABLE, clock_monotonic() + STAYS_OPEN, cancel, err);
    char byte;

    if (ready < 0)
        return ERR_FAIL;
    if (ready && read(fd, &byte, 1) <= 0)
        *reason = ECONNRESET;
    return 0;
}

static int try_socket(int fd, const struct os_address *to, int64_t limit,
                      const struct cancel *cancel, int *reason, struct err *err)
{
    if (connect_to(fd, to, clock_monotonic() + limit, cancel, reason, err) < 0)
        return ERR_FAIL;
    return *reason ? 0 : stay(fd, cancel, reason, err);
}

int tcp_probe(const char *address, int64_t limit, const struct cancel *cancel, char *answer,
              size_t size, struct err *err)
{
    struct os_address to;
    int fd, reason = 0, failed = 0;

    answer[0] = '\0';
    if (!parse_address(address, &to)) {
        snprintf(answer, size, "%.64s is not an IP address with a port", address);
        return PROBE_REFUSED;
    }
    fd = os_socket_for(&to, OS_STREAM);
    if (fd < 0)
        reason = errno;
    else
        failed = try_socket(fd, &to, limit, cancel, &reason, err);
    if (fd >= 0)
        close(fd);
    if (failed)
        return ERR_FAIL;
    if (reason)
        snprintf(answer, size, "%s",
                 reason == ECONNRESET ? "the connection was closed at once" : strerror(reason));
    return reason ? PROBE_REFUSED : PROBE_PASSED;
}
