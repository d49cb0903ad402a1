/*
 * The kernel lists the sockets of a name space in /proc/PID/net/tcp and tcp6, one a line: the local
 * address with the port in hexadecimal, and the state.
 */
#include "deploy/traffic/connections.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#define STATE_ESTABLISHED 1u
#define STATE_SYN_RECV    3u      /* a connection that is being made */
#define LINES_MAX         1000000 /* of one table: about a second */

enum table { TABLE_READ, TABLE_ABSENT, TABLE_BROKEN };

static enum table count_file(int64_t pid, const char *name, uint16_t port, int64_t *count)
{
    char path[64], line[512];
    unsigned local, state, lines = 0;
    enum table result;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%" PRId64 "/net/%s", pid, name);
    file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? TABLE_ABSENT : TABLE_BROKEN;
    while (lines < LINES_MAX && fgets(line, sizeof line, file)) {
        lines++;
        if (sscanf(line, " %*[0-9]: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %2x", &local, &state) ==
                2 &&
            local == port && (state == STATE_ESTABLISHED || state == STATE_SYN_RECV))
            (*count)++;
    }
    result = lines == LINES_MAX || lines == 0 || ferror(file) ? TABLE_BROKEN : TABLE_READ;
    fclose(file);
    return result;
}

bool connections_count(int64_t pid, uint16_t port, int64_t *count)
{
    *count = 0;
    if (pid <= 0 || port == 0 || count_file(pid, "tcp", port, count) != TABLE_READ ||
        count_file(pid, "tcp6", port, count) == TABLE_BROKEN) { /* absent without IPv6 */
        *count = -1;
        return false;
    }
    return true;
}
