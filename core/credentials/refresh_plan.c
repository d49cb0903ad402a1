/*
 * The windows are computed once, when a plan begins. Failures move the next fetch. A failure before
 * the mandatory window never moves it beyond the begin of that window.
 */
#include "credentials/refresh_plan.h"

#define ADVISORY_TIME  (15 * 60 * NS_PER_S)
#define MANDATORY_TIME (60 * NS_PER_S)
#define JITTER_TIME    (60 * NS_PER_S)

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t advisory_time(int64_t lifetime, uint64_t jitter)
{
    int64_t time = lifetime / 5 > ADVISORY_TIME ? lifetime / 5 : ADVISORY_TIME;

    time = smaller(time, lifetime / 2);
    return time - (int64_t)(jitter % (uint64_t)(smaller(JITTER_TIME, time / 4) + 1));
}

void refresh_plan_begin(struct refresh_plan *plan, int64_t now, int64_t expiry, uint64_t jitter,
                        bool outlasts)
{
    int64_t lifetime = expiry > now ? expiry - now : 0;

    *plan = (struct refresh_plan){.expiry = expiry, .outlasts = outlasts};
    plan->advisory = expiry ? expiry - advisory_time(lifetime, jitter) : INT64_MAX;
    plan->mandatory = expiry ? expiry - smaller(MANDATORY_TIME, lifetime / 10) : INT64_MAX;
}

void refresh_plan_reject(struct refresh_plan *plan)
{
    plan->rejected = true;
    plan->failures = 0;
    plan->retry = 0;
}

static bool is_over(const struct refresh_plan *plan, int64_t now)
{
    return plan->rejected || (plan->expiry && now >= plan->expiry);
}

/* Returns the wait after the nth failure. */
static int64_t backoff(int64_t first, int64_t most, unsigned n)
{
    while (n-- > 1 && first < most)
        first *= 2;
    return smaller(first, most);
}

void refresh_plan_failed(struct refresh_plan *plan, int64_t now, bool temporary)
{
    bool mandatory = plan->rejected || now >= plan->mandatory;

    if (mandatory && !plan->was_mandatory)
        plan->failures = 0;
    plan->was_mandatory = mandatory;
    plan->temporary = temporary;
    plan->failures++;
    plan->retry = now + (mandatory ? backoff(NS_PER_S, 10 * NS_PER_S, plan->failures)
                                   : backoff(30 * NS_PER_S, 300 * NS_PER_S, plan->failures));
    if (is_over(plan, now) && !plan->over_since)
        plan->over_since = now;
}

int64_t refresh_plan_due(const struct refresh_plan *plan)
{
    if (plan->rejected)
        return plan->retry;
    if (!plan->retry)
        return plan->advisory;
    return plan->was_mandatory ? plan->retry : smaller(plan->retry, plan->mandatory);
}

enum refresh_use refresh_plan_use(const struct refresh_plan *plan, int64_t now)
{
    if (!is_over(plan, now))
        return now < plan->mandatory || plan->was_mandatory ? REFRESH_USE : REFRESH_WAIT;
    if (plan->outlasts && !plan->rejected && plan->was_mandatory)
        return REFRESH_USE;
    if (!plan->over_since)
        return REFRESH_WAIT;
    return plan->temporary && now - plan->over_since < REFRESH_PATIENCE ? REFRESH_WAIT
                                                                        : REFRESH_FAIL;
}
