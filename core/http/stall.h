/*
 * stall - whether a transfer is so slow that it counts as stalled. Pure: the time is an argument.
 *
 * Three bounds. An exchange as a whole has a deadline by its size. A body that is under way must
 * move a floor of bytes in each window, once the link has shown to do better; the floor sinks again
 * while the link shows nothing better, for a link that has become slow. Silence of a whole window
 * is for libcurl to see.
 */
#ifndef S3DOCK_HTTP_STALL_H
#define S3DOCK_HTTP_STALL_H

#include <stdbool.h>
#include <stdint.h>

#define STALL_FLOOR_MAX 4096 /* bytes a second */
#define STALL_LEAST     1024 /* bytes a second of a whole exchange */
#define STALL_WINDOWS   10   /* of a whole exchange without a body */

/* What all exchanges of a link moved. Zero it before use; the first call begins the measuring. */
struct stall_link {
    int64_t since, sank; /* when the measuring began, and when the best rate was last halved */
    uint64_t moved;
    uint64_t best; /* bytes a second */
};

/* Takes note of the bytes moved so far. `window` is the stall time in ns, here and below. */
void stall_measure(struct stall_link *link, uint64_t moved, int64_t window, int64_t now);
/* Bytes a second that a body must move; 0: no floor yet. */
uint64_t stall_floor(const struct stall_link *link);

/* One body under way. Zero it before use, and whenever the body is not expected to move. */
struct stall_watch {
    int64_t since;
    uint64_t moved;
};

/* True: the last whole window brought less than the floor. */
bool stall_is(struct stall_watch *watch, uint64_t moved, uint64_t floor, int64_t window,
              int64_t now);
/* How long an exchange may take with so many bytes of bodies. `rate`: the user's limit for all
 * exchanges together, in bytes a second, or 0. */
int64_t stall_longest(uint64_t size, uint64_t rate, int64_t window);

#endif
