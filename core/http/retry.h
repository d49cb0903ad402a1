/*
 * retry - decides when to try again, and when to stop. Pure: time and random bits are arguments.
 *
 * Two limits. Refusals that may pass (5xx, throttling) are counted. An op has `tries` of its own.
 * Then, up to `tries_most`, it takes tries from a budget of all ops. Each success adds one try to
 * the budget. So a transfer that moves does not fail for one unlucky request, and a store that only
 * refuses gets few requests.
 *
 * Missing responses (no connection, cut, stalled) are limited by time. The op may be repeated as
 * long as the link has carried any response within `patience`. A link that never carried one gets
 * `patience_first`: a wrong endpoint is reported within seconds, and a Wi-Fi that is away for a
 * minute does not end a transfer. `strict` counts missing responses, too: the user has set the
 * number of tries.
 */
#ifndef S3DOCK_HTTP_RETRY_H
#define S3DOCK_HTTP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
    unsigned tries;                   /* of one op, the first included, without asking the budget */
    unsigned tries_most;              /* of one op, with it */
    bool strict;                      /* missing responses are counted, too */
    int64_t base, cap;                /* ns: longest wait before the second try; before any */
    int64_t asked_most;               /* ns: longest wait for the sake of Retry-After */
    int64_t patience_first, patience; /* ns */
};
/* 10 tries, 30 with the budget; 200 ms doubling to 20 s with full jitter; 8 s for a first contact,
 * 5 min for a link that lived; Retry-After up to a minute. */
extern const struct retry_policy RETRY_DEFAULT;

/* The link all ops of a store share. */
struct retry_link {
    int64_t trouble_since; /* first failure after the last response; 0: none */
    bool lived;            /* it has carried a response */
    unsigned budget;       /* tries beyond their own that ops may take */
};
void retry_alive(struct retry_link *link);
/* An op has succeeded. */
void retry_good(struct retry_link *link);
/* Sets the number of tries of each request, as a user demands. */
void retry_limit(struct retry_policy *policy, unsigned tries);

enum retry_cause {
    RETRY_SILENCE,  /* no response: connection refused, cut, stalled */
    RETRY_TROUBLE,  /* an internal error of the server */
    RETRY_THROTTLE, /* the server asks for fewer requests */
    RETRY_ODD,      /* a response that lacks a necessary part: at most RETRY_ODD_TRIES tries */
};

#define RETRY_ODD_TRIES 3

#define RETRY_NEVER INT64_C(-1)
/*
 * Returns the wait in ns before the next try, after one that failed at `now`, or RETRY_NEVER.
 * `tried`: tries of this op so far, at least 1. `asked`: Retry-After in ns, 0: none; the wait is at
 * least that long, at most asked_most. `random`: any 32 bits.
 */
int64_t retry_wait(const struct retry_policy *policy, struct retry_link *link,
                   enum retry_cause cause, unsigned tried, int64_t asked, int64_t now,
                   uint32_t random);

#endif
