/*
 * quick_retry - the retry policy of the product with waits that are a hundred times shorter.
 */
#ifndef S3DOCK_TESTS_KIT_QUICK_RETRY_H
#define S3DOCK_TESTS_KIT_QUICK_RETRY_H

#include "base/clock.h"
#include "http/retry.h"

static const struct retry_policy QUICK_RETRY = {.tries = 10,
                                                .tries_most = 30,
                                                .base = 1 * NS_PER_MS,
                                                .cap = 20 * NS_PER_MS,
                                                .asked_most = 20 * NS_PER_MS,
                                                .patience_first = 8 * NS_PER_S,
                                                .patience = 300 * NS_PER_S};

#endif
