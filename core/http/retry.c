/*
 * Full jitter: the wait is a random time up to a ceiling, so that many clients do not return at
 * once after an outage. The ceiling doubles with each try. Throttling starts at five times the
 * base.
 */
#include "http/retry.h"

#include "base/clock.h"

#define BUDGET_MAX 100

const struct retry_policy RETRY_DEFAULT = {
    .tries = 10,
    .tries_most = 30,
    .base = 200 * NS_PER_MS,
    .cap = 20 * NS_PER_S,
    .asked_most = 60 * NS_PER_S,
    .patience_first = 8 * NS_PER_S,
    .patience = 300 * NS_PER_S,
};

void retry_alive(struct retry_link *link)
{
    link->lived = true;
    link->trouble_since = 0;
}

void retry_good(struct retry_link *link)
{
    if (link->budget < BUDGET_MAX)
        link->budget++;
}

void retry_limit(struct retry_policy *policy, unsigned tries)
{
    policy->tries = policy->tries_most = tries;
    policy->strict = true;
}

static bool is_left(const struct retry_policy *policy, struct retry_link *link, unsigned tried)
{
    if (tried < policy->tries)
        return true;
    if (tried >= policy->tries_most || link->budget == 0)
        return false;
    link->budget--;
    return true;
}

static int64_t ceiling(const struct retry_policy *policy, enum retry_cause cause, unsigned tried)
{
    int64_t wait = cause == RETRY_THROTTLE ? 5 * policy->base : policy->base;
    for (unsigned i = 1; i < tried && wait < policy->cap; i++)
        wait *= 2;
    return wait < policy->cap ? wait : policy->cap;
}

int64_t retry_wait(const struct retry_policy *policy, struct retry_link *link,
                   enum retry_cause cause, unsigned tried, int64_t asked, int64_t now,
                   uint32_t random)
{
    /* The ceiling is at most cap, far below 2^63 / 2^32 units of a microsecond. */
    int64_t wait = ceiling(policy, cause, tried) / 1000 * (int64_t)(random >> 1) / INT32_MAX * 1000;
    int64_t patience = link->lived ? policy->patience : policy->patience_first;

    if (asked > policy->asked_most)
        asked = policy->asked_most;
    if (wait < asked)
        wait = asked;
    if (cause == RETRY_ODD && tried >= RETRY_ODD_TRIES)
        return RETRY_NEVER;
    if (cause != RETRY_SILENCE)
        return is_left(policy, link, tried) ? wait : RETRY_NEVER;
    if (policy->strict && tried >= policy->tries)
        return RETRY_NEVER;
    if (!link->trouble_since)
        link->trouble_since = now;
    return now + wait - link->trouble_since < patience ? wait : RETRY_NEVER;
}
