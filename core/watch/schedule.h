/*
 * schedule - when a watcher polls, when it tries again after a failure, and when it acts on a
 * change. Pure: time (CLOCK_BOOTTIME, ns) and random numbers are arguments.
 *
 * Many hosts watch one bucket. Each wait has jitter, so that hosts that start together do not stay
 * together. After a failure the longest wait doubles up to SCHEDULE_BACKOFF_MOST, and the wait is a
 * random part of it.
 */
#ifndef S3DOCK_WATCH_SCHEDULE_H
#define S3DOCK_WATCH_SCHEDULE_H

#include <stdint.h>

#include "base/clock.h"

struct err;

#define SCHEDULE_BACKOFF_MOST (15 * 60 * NS_PER_S)
#define SCHEDULE_REFUSED      (15 * 60 * NS_PER_S)
#define SCHEDULE_BLOCKED      (3600 * NS_PER_S)
#define SCHEDULE_ASKED_MOST   (3600 * NS_PER_S)

/* The kinds of failures, by the wait that follows. */
enum schedule_trouble {
    SCHEDULE_PASSING, /* network, server, daemon: back-off */
    SCHEDULE_RIGHTS,  /* 401, 403: a person must change keys or rights; every SCHEDULE_REFUSED */
    SCHEDULE_DISK,    /* no room: every SCHEDULE_BLOCKED */
};

struct schedule {
    int64_t interval;  /* ns between two polls */
    int64_t due;       /* time of the next one */
    int64_t backoff;   /* ns: the wait because of the last failure; 0: there was none */
    unsigned failures; /* in a row */
};

/* Sets the first time: a random moment of the first interval. */
void schedule_start(struct schedule *schedule, int64_t interval, int64_t now, uint64_t random);
/* The poll had a result: the next is due after 0.9 to 1.1 intervals. Ends the back-off. */
void schedule_success(struct schedule *schedule, int64_t now, uint64_t random);
/* The poll failed. `asked`: Retry-After in ns, 0: none; the wait is at least that long, but never
 * longer than SCHEDULE_ASKED_MOST for its sake. */
void schedule_failure(struct schedule *schedule, enum schedule_trouble trouble, int64_t asked,
                      int64_t now, uint64_t random);
/* Returns the trouble of an error. */
enum schedule_trouble schedule_trouble_of(const struct err *err);

/* Returns the wait of a host before it acts on a change: hash(machine, ETag) mod `splay`. It is the
 * same after a restart, and another order of the hosts for each change. */
int64_t schedule_splay(const char *machine, const char *etag, int64_t splay);

#endif
