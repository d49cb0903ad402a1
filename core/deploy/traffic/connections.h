/*
 * connections - counts the established TCP connections to a port in the network name space of a
 * process (/proc/PID/net/tcp and tcp6). Needs root, and a daemon on this host.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_CONNECTIONS_H
#define S3DOCK_DEPLOY_TRAFFIC_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads /proc/PID/net. False: it cannot be read, there are more than a million sockets, or
 * pid or port is 0; *count is -1. Never fails. Connections without a request count, too: a proxy
 * that keeps connections to its servers has some for as long as it keeps them. */
bool connections_count(int64_t pid, uint16_t port, int64_t *count);

#endif
