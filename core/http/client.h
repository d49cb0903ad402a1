/*
 * client - runs exchanges: one thread, one libcurl multi handle.
 *
 * The thread belongs to a driver, which decides what is sent and what follows a response. The
 * client calls the driver between transfers, never from inside libcurl's callbacks.
 *
 * Order of calls: http_create; http_wake whenever the driver has new work; the driver's step
 * returns HTTP_STOP when nothing is left to do; http_destroy joins the thread.
 */
#ifndef S3DOCK_HTTP_CLIENT_H
#define S3DOCK_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "http/easy.h"
#include "http/exchange.h"

struct err;

struct http_driver {
    void *arg;
    /* Starts exchanges. Returns the clock_monotonic() of the next step at the latest, or
     * HTTP_STOP. */
    int64_t (*step)(void *arg, int64_t now);
    /* Takes an exchange that has ended, with a response or a fault. */
    void (*finished)(void *arg, struct http_exchange *exchange);
};
#define HTTP_STOP INT64_MIN

struct http_options {
    struct http_tls tls; /* strings are copied */
    unsigned connections;
    uint64_t rate; /* most bytes a second, of all bodies together, each way; 0: no limit */
};

struct http;
/* The driver is not called before the first http_wake. */
struct http *http_create(const struct http_options *options, const struct http_driver *driver,
                         struct err *err);
void http_wake(struct http *http); /* any thread */
/* Waits for the driver's HTTP_STOP. Takes NULL. No exchange may be active then: the driver's last
 * step ends them (http_drop). */
void http_destroy(struct http *http);

/* On the http thread, from the driver. */
int http_start(struct http *http, struct http_exchange *exchange, struct err *err);
void http_drop(struct http *http,
               struct http_exchange *exchange); /* the driver does not get it back */
/* Bytes of bodies so far. Any thread. */
void http_traffic(struct http *http, uint64_t *sent, uint64_t *received);

#endif
