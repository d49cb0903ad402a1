/*
 * http_probe - sends one GET to a container and judges the response.
 */
#ifndef S3DOCK_DEPLOY_GATE_HTTP_PROBE_H
#define S3DOCK_DEPLOY_GATE_HTTP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cancel;
struct err;

struct http_probe {
    const char *address; /* "127.0.0.1:18081", "[fd00::2]:80" */
    const char *path;    /* with its query */
    const char *host;    /* Host header, and the name for TLS; "": the address */
    bool https;          /* without a check of the certificate */
    int status;          /* the only one that passes; 0: 200 to 399 */
    int64_t limit;       /* ns, for the whole response */
};

enum probe_answer { PROBE_PASSED = 0, PROBE_REFUSED = 1 };

/* Sends the request on a new connection, never through a proxy, and follows no redirect. Headers
 * and body are bounded; the rest of a long body is not read. PROBE_REFUSED: *answer has the reason:
 * the status and the beginning of the body, or the message of libcurl. Fails with cancelled.* and
 * for lack of memory only. */
int http_probe(const struct http_probe *probe, const struct cancel *cancel, char *answer,
               size_t size, struct err *err);

#endif
