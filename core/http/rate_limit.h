/*
 * rate_limit - how fast: a budget of bytes that fills with time. Pure: the time is an argument.
 *
 * What is taken in one piece may overdraw the budget; then nothing may move until it is filled
 * again. So pieces need not be cut, and the rate is kept over any second.
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

void rate_limit_init(struct rate_limit *pace, uint64_t rate, int64_t now);
/* How many of `wanted` bytes may move now; 0: none yet. At most a share of the budget, so that
 * others get theirs. */
size_t rate_limit_may(struct rate_limit *pace, size_t wanted, unsigned sharers, int64_t now);
void rate_limit_moved(struct rate_limit *pace, size_t size);

#endif
