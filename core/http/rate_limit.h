/*
 * rate_limit - limits a rate by a budget of bytes that fills with time. Pure: the time is an
 * argument.
 *
 * A piece may overdraw the budget. Then no bytes may move until it is positive again. So pieces are
 * not split, and the rate holds over any second.
 */
#ifndef S3DOCK_HTTP_RATE_LIMIT_H
#define S3DOCK_HTTP_RATE_LIMIT_H

#include <stddef.h>
#include <stdint.h>

struct rate_limit {
    uint64_t rate;  /* bytes a second; 0: no limit */
    int64_t budget; /* bytes; negative: overdrawn */
    int64_t filled; /* when it was last filled, monotonic ns */
};

void rate_limit_init(struct rate_limit *limit, uint64_t rate, int64_t now);
/* Returns how many of `wanted` bytes may move now, at most one of `sharers` shares of the budget;
 * 0: none yet. */
size_t rate_limit_may(struct rate_limit *limit, size_t wanted, unsigned sharers, int64_t now);
void rate_limit_moved(struct rate_limit *limit, size_t size);

#endif
