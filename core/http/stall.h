/*
 * stall - decides whether a transfer counts as stalled. Pure: the time is an argument.
 *
 * Three limits. An exchange has a deadline by its size. A body must move a least number of bytes in
 * each window, a small part of the best rate of the link; that number sinks while the link stays
 * slow. libcurl ends an exchange without any byte for a whole window.
 */
#ifndef S3DOCK_HTTP_STALL_H
#define S3DOCK_HTTP_STALL_H

#include <stdbool.h>
#include <stdint.h>

#define STALL_FLOOR_MAX 4096 /* bytes a second */
#define STALL_LEAST     1024 /* bytes a second of a whole exchange */
#define STALL_WINDOWS   10   /* of a whole exchange without a body */

/* The rate of all exchanges of a link. Zero it before use; the first call begins the measuring. */
struct stall_link {
    int64_t since, sank; /* when the measuring began, and when the best rate was last halved */
    uint64_t moved;
    uint64_t best; /* bytes a second */
};

/* Takes the total of bytes moved so far. `window` is the stall time in ns, here and below. */
void stall_measure(struct stall_link *link, uint64_t moved, int64_t window, int64_t now);
/* Returns the bytes a second that a body must move; 0: not known yet. */
uint64_t stall_floor(const struct stall_link *link);

/* One body that moves. Zero it before use, and while the body is not expected to move. */
struct stall_watch {
    int64_t since;
    uint64_t moved;
};

/* Returns true if the last whole window moved less than `floor` bytes a second. */
bool stall_is(struct stall_watch *watch, uint64_t moved, uint64_t floor, int64_t window,
              int64_t now);
/* Returns the longest time of an exchange with `size` bytes of bodies. `rate`: the user's limit for
 * all exchanges together, in bytes a second, or 0. */
int64_t stall_longest(uint64_t size, uint64_t rate, int64_t window);

#endif
