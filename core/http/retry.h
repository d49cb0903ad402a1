/*
 * retry - when to try again, and when to stop. Pure policy: the time and the dice are arguments.
 *
 * Two bounds. Answers that say "later" (5xx, throttling) are counted: an op has `tries` of its own,
 * and then, up to `tries_most`, those that the budget of all ops holds, which every good answer
 * fills by one: while a transfer moves, none of its requests is given up for a streak of bad luck,
 * and a store that only refuses is not asked for long. Silence (no connection, cut, stalled) is
 * timed: as long as the link has shown a sign of life within `patience`, a try that failed for the
 * network's sake may be repeated, however often. Every answer to any op is a sign of life. A link
 * that never lived gets `patience_first`: a wrong endpoint should be told in seconds, a Wi-Fi that
 * went away for a minute should be sat out. Who sets the number of tries himself means every
 * request, also those that nobody answered (`strict`).
 */
#ifndef S3DOCK_HTTP_RETRY_H
#define S3DOCK_HTTP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    unsigned tries;                   /* of one op, the first included, without asking the budget */
    unsigned tries_most;              /* of one op, with it */
    bool strict;                      /* silence is counted, too */
    int64_t base, cap;                /* ns: longest wait before the second try; before any */
    int64_t asked_most;               /* ns: longest wait for the sake of Retry-After */
    int64_t patience_first, patience; /* ns */
};
/* 10 tries, 30 with the budget; 200 ms doubling to 20 s with full jitter; 8 s for a first contact,
 * 5 min for a link that lived; Retry-After up to a minute. */
extern const struct retry_policy RETRY_DEFAULT;

/* The link all ops of a store share. */
struct retry_link {
    int64_t trouble_since; /* first failure after the last sign of life; 0: none */
    bool lived;
    unsigned budget; /* tries beyond their own that ops may take */
};
void retry_alive(struct retry_link *link);
/* An op has got what it wanted. */
void retry_good(struct retry_link *link);
/* The policy of a user who wants at most so many tries of a request. */
void retry_limit(struct retry_policy *policy, unsigned tries);

enum retry_cause {
    RETRY_SILENCE,  /* no answer: connection refused, cut, stalled */
    RETRY_TROUBLE,  /* the server said it has trouble of its own */
    RETRY_THROTTLE, /* it wants us slower */
    RETRY_ODD,      /* a whole answer that lacks what it must have: at most RETRY_ODD_TRIES */
};

#define RETRY_ODD_TRIES 3

#define RETRY_NEVER INT64_C(-1)
/*
 * A try has failed at `now`: returns how many ns to wait before the next one, or RETRY_NEVER.
 * `tried`: tries of this op so far, at least 1. `asked`: what Retry-After said, in ns, 0 when
 * nothing; waits at least that long (at most
 * asked_most). `random`: any 32 bits.
 */
int64_t retry_wait(const struct retry_policy *policy, struct retry_link *link,
                   enum retry_cause cause, unsigned tried, int64_t asked, int64_t now,
                   uint32_t random);

#endif
