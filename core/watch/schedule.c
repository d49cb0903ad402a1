/*
 * A wait is an interval with jitter, a random part of a back-off, or a fixed time with jitter.
 */
#include "watch/schedule.h"

#include <string.h>

#include "base/again.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/le.h"

/* Returns a number in [0, most). */
static int64_t below(int64_t most, uint64_t random)
{
    return most > 0 ? (int64_t)(random % (uint64_t)most) : 0;
}

/* Returns 0.9 to 1.1 times `wait`. */
static int64_t with_jitter(int64_t wait, uint64_t random)
{
    return wait - wait / 10 + below(wait / 5 + 1, random);
}

void schedule_start(struct schedule *schedule, int64_t interval, int64_t now, uint64_t random)
{
    *schedule = (struct schedule){.interval = interval, .due = now + below(interval, random)};
}

void schedule_success(struct schedule *schedule, int64_t now, uint64_t random)
{
    schedule->failures = 0;
    schedule->backoff = 0;
    schedule->due = now + with_jitter(schedule->interval, random);
}

/* Returns the longest wait after a number of failures: 2, 4, 8 ... intervals. A longer interval
 * than SCHEDULE_BACKOFF_MOST is its own limit. */
static int64_t longest_wait(const struct schedule *schedule)
{
    int64_t most = schedule->interval, limit = SCHEDULE_BACKOFF_MOST;

    if (most >= limit)
        return most;
    for (unsigned i = 0; i < schedule->failures && most < limit; i++)
        most *= 2;
    return most < limit ? most : limit;
}

/* A part of the longest wait, but at least a second: the next request must not follow at once. */
static int64_t random_wait(const struct schedule *schedule, uint64_t random)
{
    int64_t wait = below(longest_wait(schedule), random);

    return wait > NS_PER_S ? wait : NS_PER_S;
}

void schedule_failure(struct schedule *schedule, enum schedule_trouble trouble, int64_t asked,
                      int64_t now, uint64_t random)
{
    int64_t wait;

    if (schedule->failures < 64)
        schedule->failures++;
    if (asked > SCHEDULE_ASKED_MOST)
        asked = SCHEDULE_ASKED_MOST;
    switch (trouble) {
    case SCHEDULE_RIGHTS:
        wait = with_jitter(SCHEDULE_REFUSED, random);
        break;
    case SCHEDULE_DISK:
        wait = with_jitter(SCHEDULE_BLOCKED, random);
        break;
    default:
        wait = random_wait(schedule, random);
        break;
    }
    /* The hosts that were sent away together do not return together. */
    if (asked > 0 && wait < asked)
        wait = asked + below(schedule->interval, random);
    schedule->backoff = wait;
    schedule->due = now + wait;
}

/* Returns whether the store refuses the key or its rights. Two failures are none, because they
 * pass: a wrong clock, and a source of keys that starts later than this program. */
static bool is_refusal(const struct err *err)
{
    if (err->family != ERR_AUTH || err_is(err, ERR_AUTH, "clock"))
        return false;
    return err_is(err, ERR_AUTH, CODE_REJECTED) || !again_may_help(err);
}

enum schedule_trouble schedule_trouble_of(const struct err *err)
{
    if (strcmp(err->code, CODE_DISK_FULL) == 0)
        return SCHEDULE_DISK;
    return is_refusal(err) ? SCHEDULE_RIGHTS : SCHEDULE_PASSING;
}

int64_t schedule_splay(const char *machine, const char *etag, int64_t splay)
{
    uint8_t sum[SHA256_SIZE];

    hmac_sha256(view_str(machine), view_str(etag), sum);
    return below(splay, le_get(sum, 8));
}
