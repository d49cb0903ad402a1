/*
 * poll is in POSIX and in every Unix system, but sockets alone can be polled elsewhere.
 */
#include "os/wait.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>

#include "os/clock.h"

static int milliseconds_of(int64_t ns)
{
    int64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS > 0);

    return ms > INT_MAX ? INT_MAX : ms < 0 ? 0 : (int)ms;
}

static short events_of(int want)
{
    return (short)((want & OS_READABLE ? POLLIN : 0) | (want & OS_WRITABLE ? POLLOUT : 0));
}

static int result_of(const struct os_wait *wait, short events)
{
    int has = (events & POLLIN ? OS_READABLE : 0) | (events & POLLOUT ? OS_WRITABLE : 0);

    return events & (POLLERR | POLLHUP | POLLNVAL) ? wait->want : has;
}

int os_wait(struct os_wait *waits, unsigned count, int64_t ns)
{
    struct pollfd polls[OS_WAIT_MAX];
    int ready;

    assert(count <= OS_WAIT_MAX);
    for (unsigned i = 0; i < count; i++)
        polls[i] = (struct pollfd){.fd = waits[i].fd, .events = events_of(waits[i].want)};
    ready = poll(polls, count, milliseconds_of(ns));
    for (unsigned i = 0; i < count; i++)
        waits[i].has = ready > 0 ? result_of(&waits[i], polls[i].revents) : 0;
    return ready < 0 && errno == EINTR ? 0 : ready;
}

int os_wait_one(int fd, int want, int64_t ns)
{
    struct os_wait wait = {.fd = fd, .want = want};

    return os_wait(&wait, 1, ns) < 0 ? -1 : wait.has;
}

void os_nap(int64_t ns)
{
    os_wait(NULL, 0, ns);
}
