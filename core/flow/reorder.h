/*
 * reorder - puts back in sequence what finished out of sequence.
 *
 * A ring of `size` places, owned by one thread, without allocation. Number n may be put while
 * n < next + size; the window is what admission control guarantees (at most `size` jobs are out).
 */
#ifndef S3DOCK_FLOW_REORDER_H
#define S3DOCK_FLOW_REORDER_H

#include <stdbool.h>
#include <stdint.h>

#define REORDER_MAX 256

struct reorder {
    uint64_t next; /* the number that reorder_take waits for */
    unsigned size;
    void *ring[REORDER_MAX];
};

void reorder_init(struct reorder *order, unsigned size); /* 1 .. REORDER_MAX */
bool reorder_has_room(const struct reorder *order, uint64_t number);
void reorder_put(struct reorder *order, uint64_t number,
                 void *item); /* once each; item is not NULL */
void *
reorder_take(struct reorder *order); /* the next in sequence, or NULL when it is not here yet */
void *reorder_take_any(struct reorder *order); /* for clean-up: whatever is left, or NULL */

#endif
