/*
 * haproxy_socket - one command to HAProxy's admin socket, and its response.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_HAPROXY_SOCKET_H
#define S3DOCK_DEPLOY_TRAFFIC_HAPROXY_SOCKET_H

#include <stdint.h>

struct cancel;
struct err;
struct text;

struct haproxy_socket {
    const char *address; /* a path, HOST:PORT or [IPV6]:PORT */
    int64_t limit;       /* ns for one command; the resolution of a name does not count */
    const struct cancel *cancel;
};

/* Opens a connection, sends the command (without newline) and stores the whole response, whose size
 * the maximum of `answer` bounds. HAProxy ends each response with a newline and closes.
 * deploy.switch: it cannot be reached, does not respond in time, closes within a line, or sends too
 * much. cancelled.signal. */
int haproxy_ask(const struct haproxy_socket *socket, const char *command, struct text *answer,
                struct err *err);

#endif
