/*
 * Datagrams of sd_notify(3). The socket does not block: a manager that reads nothing must not stop
 * deployments. A datagram that is lost is sent again with the next report.
 */
#include "watch/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "os/socket.h"

/* Stores the address of a value of NOTIFY_SOCKET. False: it is none that this kernel has. */
static bool read_address(const char *socket, struct os_address *to)
{
    return (socket[0] == '/' || socket[0] == '@') && socket[1] && os_address_of_path(socket, to);
}

/* Returns half of the time that the manager allows, in ns; 0: it expects no report of `own`. */
static int64_t read_watchdog(const char *usec, const char *pid, long own)
{
    char *end;
    long long allowed;

    if (!usec || !usec[0])
        return 0;
    if (pid && pid[0] && (strtol(pid, &end, 10) != own || *end))
        return 0;
    errno = 0;
    allowed = strtoll(usec, &end, 10);
    if (errno || *end || allowed <= 0 || allowed > INT64_MAX / 1000)
        return 0;
    return allowed * 1000 / 2;
}

void notify_init(struct notify *notify, const char *socket_name, const char *usec, const char *pid,
                 long own)
{
    *notify = (struct notify){.fd = -1};
    if (!socket_name || !read_address(socket_name, &notify->to))
        return;
    notify->fd = os_socket_for(&notify->to, OS_DATAGRAM);
    if (notify->fd >= 0)
        notify->watchdog = read_watchdog(usec, pid, own);
}

void notify_finish(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

/* Returns whether the datagram was sent. */
static bool send_state(const struct notify *notify, const char *state)
{
    return notify->fd >= 0 && os_send_to(notify->fd, &notify->to, state, strlen(state)) >= 0;
}

void notify_ready(struct notify *notify)
{
    send_state(notify, "READY=1");
}

void notify_stopping(struct notify *notify)
{
    send_state(notify, "STOPPING=1");
}

/* A line break would begin another variable. */
void notify_status(struct notify *notify, const char *status)
{
    char state[sizeof notify->status + 8];

    if (strncmp(notify->status, status, sizeof notify->status - 1) == 0)
        return;
    snprintf(state, sizeof state, "STATUS=%.*s", (int)sizeof notify->status - 1, status);
    for (char *at = state; *at; at++)
        *at = *at == '\n' ? ' ' : *at;
    if (send_state(notify, state))
        str_copy(notify->status, sizeof notify->status, status);
}

void notify_alive(struct notify *notify, int64_t now)
{
    if (!notify->watchdog || now < notify->next)
        return;
    if (send_state(notify, "WATCHDOG=1"))
        notify->next = now + notify->watchdog;
}
