/*
 * The kernel lists the sockets of a name space in /proc/PID/net/tcp and tcp6, one a line: the local
 * address with the port in hexadecimal, and the state. The list is no snapshot: a socket can be
 * missed while others open and close. So the tables are read several times, and the largest count
 * holds.
 */
#include "deploy/traffic/connections.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_ESTABLISHED 1u
#define STATE_SYN_RECV    3u      /* a connection that is being made */
#define LINES_MAX         1000000 /* of one table: about a second */
#define READINGS          3

enum table { TABLE_READ, TABLE_ABSENT, TABLE_BROKEN };

/* Reads the port of the local address and the state of a line:
 * "   0: 0100007F:46A1 00000000:0000 01 ...". The heading is no such line. */
static bool read_line(const char *line, unsigned long *port, unsigned long *state)
{
    const char *local = strchr(line, ':');
    const char *colon = local ? strchr(local + 1, ':') : NULL;
    const char *remote = colon ? strchr(colon, ' ') : NULL;
    const char *blank = remote ? strchr(remote + 1, ' ') : NULL;
    char *end;

    if (!blank)
        return false;
    *port = strtoul(colon + 1, &end, 16);
    if (end != remote)
        return false;
    *state = strtoul(blank + 1, &end, 16);
    return end > blank + 1 && *end == ' ';
}

static enum table count_file(int64_t pid, const char *name, uint16_t port, int64_t *count)
{
    char path[64], line[512];
    unsigned long local, state;
    unsigned lines = 0;
    enum table result;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%" PRId64 "/net/%s", pid, name);
    file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? TABLE_ABSENT : TABLE_BROKEN;
    while (lines < LINES_MAX && fgets(line, sizeof line, file)) {
        lines++;
        if (read_line(line, &local, &state) && local == port &&
            (state == STATE_ESTABLISHED || state == STATE_SYN_RECV))
            (*count)++;
    }
    result = lines == LINES_MAX || lines == 0 || ferror(file) ? TABLE_BROKEN : TABLE_READ;
    fclose(file);
    return result;
}

static bool count_tables(int64_t pid, uint16_t port, int64_t *count)
{
    *count = 0;
    return count_file(pid, "tcp", port, count) == TABLE_READ &&
           count_file(pid, "tcp6", port, count) != TABLE_BROKEN; /* absent without IPv6 */
}

bool connections_count(int64_t pid, uint16_t port, int64_t *count)
{
    int64_t once;

    *count = -1;
    if (pid <= 0 || port == 0)
        return false;
    for (unsigned i = 0; i < READINGS; i++) {
        if (!count_tables(pid, port, &once)) {
            *count = -1;
            return false;
        }
        if (once > *count)
            *count = once;
    }
    return true;
}
