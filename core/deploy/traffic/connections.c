/*
 * The kernel lists the sockets of a name space in /proc/PID/net/tcp and tcp6, one a line: the local
 * address with the port in hexadecimal, and the state.
 */
#include "deploy/traffic/connections.h"

#include <inttypes.h>
#include <stdio.h>

#define ESTABLISHED 1u

static bool count_file(int64_t pid, const char *table, uint16_t port, int64_t *count)
{
    char path[64], line[512];
    unsigned local, state;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%" PRId64 "/net/%s", pid, table);
    file = fopen(path, "re");
    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, " %*[0-9]: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %2x", &local, &state) ==
                2 &&
            local == port && state == ESTABLISHED)
            (*count)++;
    fclose(file);
    return true;
}

enum traffic_answer connections_count(int64_t pid, uint16_t port, int64_t *count)
{
    *count = 0;
    if (pid <= 0 || !count_file(pid, "tcp", port, count))
        return TRAFFIC_UNKNOWN;
    count_file(pid, "tcp6", port, count); /* absent without IPv6 */
    return TRAFFIC_OK;
}
