/*
 * connections - counts the established TCP connections to a port in the network name space of a
 * process (/proc/PID/net/tcp and tcp6). Needs root, and a daemon on this host.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_CONNECTIONS_H
#define S3DOCK_DEPLOY_TRAFFIC_CONNECTIONS_H

#include <stdint.h>

#include "deploy/traffic/traffic.h"

/* Reads /proc/PID/net. TRAFFIC_UNKNOWN: it cannot be read. Never fails. */
enum traffic_answer connections_count(int64_t pid, uint16_t port, int64_t *count);

#endif
