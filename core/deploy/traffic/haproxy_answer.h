/*
 * haproxy_answer - reads the tables that HAProxy's admin socket prints: `show servers state`
 * (columns between blanks) and `show stat` (CSV). Pure: text in, values out.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_HAPROXY_ANSWER_H
#define S3DOCK_DEPLOY_TRAFFIC_HAPROXY_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

struct err;

enum haproxy_found { HAPROXY_OK = 0, HAPROXY_ABSENT = 1 };

/* srv_op_state */
#define HAPROXY_STARTING 1u
#define HAPROXY_RUNNING  2u
/* Bits of srv_admin_state. The first two are set by commands; all of them are also set by the
 * configuration, for a tracked server, or because a name does not resolve. */
#define HAPROXY_MAINT     0x01u
#define HAPROXY_DRAIN     0x08u
#define HAPROXY_ANY_MAINT 0x27u
#define HAPROXY_ANY_DRAIN 0x18u

struct haproxy_state {
    unsigned op_state, admin_state;
    char address[256]; /* srv_addr */
    unsigned port;
};
/* Finds the server in a response to `show servers state BACKEND`. HAPROXY_ABSENT: the table has no
 * such server. deploy.switch: the text is no such table; the text of HAProxy is in the message. */
int haproxy_read_state(struct view answer, const char *backend, const char *server,
                       struct haproxy_state *out, struct err *err);
/* Returns true if new requests may go to the server. */
bool haproxy_serves(const struct haproxy_state *state);

struct haproxy_stat {
    char status[64]; /* "UP", "UP 1/2", "DOWN", "no check", ... */
    char check[64];  /* result of the last health check, "L4CON"; "": none */
    int64_t sessions, queued;
};
/* The same for `show stat BACKEND 4 -1`. */
int haproxy_read_stat(struct view answer, const char *backend, const char *server,
                      struct haproxy_stat *out, struct err *err);

/* Returns 0 if the response to a command that changes the state is empty, else deploy.switch with
 * the message of HAProxy. */
int haproxy_read_done(struct view answer, struct err *err);

#endif
