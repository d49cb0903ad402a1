/*
 * tcp_probe - connects to a port of a container.
 */
#ifndef S3DOCK_DEPLOY_GATE_TCP_PROBE_H
#define S3DOCK_DEPLOY_GATE_TCP_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "deploy/gate/http_probe.h"

/* Connects within `limit` ns to an IP address with a port ("127.0.0.1:18081", "[fd00::2]:80").
 * PROBE_REFUSED: it failed, or the other side closed the connection at once; *answer has the
 * reason. Fails with cancelled.* only. */
int tcp_probe(const char *address, int64_t limit, const struct cancel *cancel, char *answer,
              size_t size, struct err *err);

#endif
