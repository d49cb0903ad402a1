/*
 * notify - reports the state of a service to systemd: one datagram each, without libsystemd.
 *
 * The variables are arguments. flow/program removes them from the environment of children, so that
 * none of them reports for this process.
 */
#ifndef S3DOCK_WATCH_NOTIFY_H
#define S3DOCK_WATCH_NOTIFY_H

#include <stdint.h>

#include "os/address.h"

struct notify {
    int fd; /* -1: no service manager listens */
    struct os_address to;
    int64_t watchdog; /* ns between two reports; 0: the manager expects none */
    int64_t next;     /* time of the next one */
    char status[512]; /* the last one */
};

/* Opens a socket. `socket` is the value of NOTIFY_SOCKET, a path or "@" and an abstract name; NULL,
 * "" or another value: nothing is reported. `usec` and `pid`: WATCHDOG_USEC and WATCHDOG_PID; the
 * watchdog is for this process only if `pid` is NULL or `own`. Never fails: a service works without
 * its manager. */
void notify_init(struct notify *notify, const char *socket, const char *usec, const char *pid,
                 long own);
void notify_finish(struct notify *notify);

void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
/* Sends a status of one line, unless it is the last one. */
void notify_status(struct notify *notify, const char *status);
/* Sends WATCHDOG=1 if it is due at `now`: twice in the time that the manager allows. */
void notify_alive(struct notify *notify, int64_t now);

#endif
