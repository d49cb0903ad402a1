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

#define ORDER_MAX 256

struct order {
    uint64_t next; /* the number that order_take waits for */
    unsigned size;
    void *ring[ORDER_MAX];
};

void order_init(struct order *order, unsigned size); /* 1 .. ORDER_MAX */
bool order_has_room(const struct order *order, uint64_t number);
void order_put(struct order *order, uint64_t number, void *item); /* once each; item is not NULL */
void *order_take(struct order *order); /* the next in sequence, or NULL when it is not here yet */
void *order_take_any(struct order *order); /* for clean-up: whatever is left, or NULL */

#endif
