/*
 * refresh_plan - decides when a set of credentials is fetched again, and whether it may be used
 * until then. Pure: the time is an argument. All times are ns of the wall clock, corrected by the
 * store's.
 *
 * The windows before the expiry of a set with the lifetime L, counted from the fetch:
 *   advisory   max(15 min, L / 5), at most L / 2, less a jitter of up to 60 s. The set is fetched
 *              again and the old one used meanwhile. After a failure: again after 30 s, doubling up
 *              to 5 min.
 *   mandatory  60 s, at most L / 10. The users wait for the fetch. If it fails, they use the old
 *              set until it expires. Fetches are repeated after 1 s, doubling up to 10 s.
 * After the expiry the users wait. They get the failure of the fetch at once, or after
 * REFRESH_PATIENCE if it is temporary.
 *
 * A rejected set is not used again: the same as an expired one.
 */
#ifndef S3DOCK_CREDENTIALS_REFRESH_PLAN_H
#define S3DOCK_CREDENTIALS_REFRESH_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define REFRESH_PATIENCE (300 * NS_PER_S) /* as for a store that does not respond */

/* All members are private. */
struct refresh_plan {
    int64_t expiry;              /* 0: none */
    int64_t advisory, mandatory; /* begin of the windows; INT64_MAX: never */
    bool outlasts;               /* may be used after the expiry, while the source fails */
    bool rejected;
    bool temporary;     /* the last failure is */
    unsigned failures;  /* since the set was fetched, or since the mandatory window began */
    bool was_mandatory; /* the failures are of the mandatory window */
    int64_t over_since; /* when the users began to wait for a fetch that failed; 0: never */
    int64_t retry;      /* no fetch before; 0: no failure yet */
};

enum refresh_use {
    REFRESH_USE,  /* the set may be used */
    REFRESH_WAIT, /* the users wait for the next fetch */
    REFRESH_FAIL, /* the users get the failure of the last fetch */
};

/* Begins a plan for a set that was fetched at `now`. `expiry` 0: the set does not expire. `jitter`
 * is a random number. `outlasts`: the source allows use after the expiry while it fails (the
 * metadata service of an instance). */
void refresh_plan_begin(struct refresh_plan *plan, int64_t now, int64_t expiry, uint64_t jitter,
                        bool outlasts);
/* Notes that the store has refused the set. */
void refresh_plan_reject(struct refresh_plan *plan);
/* Notes a fetch that failed, or that returned a set which expires no later than this one.
 * `temporary`: a repetition may succeed. */
void refresh_plan_failed(struct refresh_plan *plan, int64_t now, bool temporary);

/* Returns the time from which a fetch is due. INT64_MAX: never. */
int64_t refresh_plan_due(const struct refresh_plan *plan);
/* Returns what the users of the set do at `now`. */
enum refresh_use refresh_plan_use(const struct refresh_plan *plan, int64_t now);

#endif
