/*
 * reorder - returns items in the sequence of their numbers, in whichever sequence they arrive.
 *
 * A ring of `size` places, owned by one thread, without allocation. Number n may be put while
 * n < next + size. The engine guarantees that: at most `size` jobs are running.
 */
#ifndef S3DOCK_FLOW_REORDER_H
#define S3DOCK_FLOW_REORDER_H

#include <stdint.h>

#define REORDER_MAX 256

struct reorder {
    uint64_t next; /* the number that reorder_take waits for */
    unsigned size;
    void *ring[REORDER_MAX];
};

void reorder_init(struct reorder *order, unsigned size); /* 1 .. REORDER_MAX */
/* Stores an item (not NULL) under its number, which must be inside the window and free. */
void reorder_put(struct reorder *order, uint64_t number, void *item);
/* Removes and returns the next item in sequence; NULL if it was not put yet. */
void *reorder_take(struct reorder *order);
/* Removes and returns any item, for clean-up; NULL if none is left. */
void *reorder_take_any(struct reorder *order);

#endif
