/*
 * haproxy_socket - one command to HAProxy's admin socket, and its answer.
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

/* Opens a connection, sends the command (without newline) and stores the whole answer, whose size
 * the maximum of `answer` bounds. HAProxy ends each answer with a newline and closes. deploy.switch:
 * it cannot be reached, does not answer in time, closes within a line, or answers too much.
 * cancelled.signal. */
int haproxy_ask(const struct haproxy_socket *socket, const char *command, struct text *answer,
                struct err *err);

#endif
