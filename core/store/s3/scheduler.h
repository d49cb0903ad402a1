/*
 * scheduler - whose turn it is: ops that wait, seats in the air, and times at which a seat tries
 * again.
 *
 * Pure book-keeping for one thread; it starts nothing itself. An op takes a seat when one is free
 * and keeps it through all its tries until it goes home, so the number of seats bounds what is in
 * the air, and nothing is allocated on the way.
 *
 * Two bounds adapt. How many seats may be filled is the store's to say: when it asks for less, or
 * requests stall, half of those that fly stay, and every round of good answers allows one more. How
 * much may be in the air is the link's: once a second while it is full of what moves bytes, the
 * rate decides. Each request should have SCHEDULER_RATE of it, so a slow link gets fewer, down to one;
 * and while one more made the whole faster, the next is tried.
 *
 * A read of less than that weighs only what it is long: it is over before it could want more, and
 * its time is the round trip's. So short ones fill a link by their number, as many as have seats.
 */
#ifndef S3DOCK_STORE_S3_SCHEDULER_H
#define S3DOCK_STORE_S3_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

#define SCHEDULER_SEATS_MAX 64
#define SCHEDULER_START     8           /* requests in the air before the rate is known */
#define SCHEDULER_RATE      (64 * 1024) /* bytes a second that a request should have at least */

enum seat_state { SEAT_FREE, SEAT_WAITING, SEAT_AIR };

struct scheduler_seat {
    enum seat_state state;
    struct store_op *op;
    int64_t due; /* WAITING: clock_monotonic() of its next try */
};

struct scheduler {
    struct store_op *first, *last; /* not seated yet, in order; linked by op->msg.next */
    struct scheduler_seat seats[SCHEDULER_SEATS_MAX];
    unsigned seat_count, taken;
    unsigned limit;  /* of taken, by the store's answers; 1 .. seat_count */
    unsigned most;   /* requests in the air, by the rate, short ones by weight; 1 .. seat_count */
    uint64_t weight; /* of who sits; at most `most` times SCHEDULER_RATE, or it is one request's */
    unsigned good;   /* answers since the limit was last changed */
    int64_t slowed;  /* when it was last halved */
    int64_t held;    /* nobody departs before */
    struct {
        int64_t since; /* 0: not measuring */
        uint64_t moved;
        uint64_t best; /* rate that was worth the last seat */
    } rate;
};

#define SCHEDULER_NONE (-1)

void scheduler_init(struct scheduler *flight, unsigned seats); /* 1 .. SCHEDULER_SEATS_MAX */
void scheduler_queue(struct scheduler *flight, struct store_op *op);
/* Seats the next op (WAITING, due at once): its seat, or SCHEDULER_NONE: nobody waits, or no room. */
int scheduler_board(struct scheduler *flight, int64_t now);
/* A seat that waits and whose time has come, earliest first, or SCHEDULER_NONE. */
int scheduler_due(const struct scheduler *flight, int64_t now);
/* When the next seat is due; INT64_MAX: none waits. */
int64_t scheduler_next(const struct scheduler *flight);
void scheduler_depart(struct scheduler *flight, int seat); /* WAITING -> AIR */
void scheduler_again(struct scheduler *flight, int seat,
                     int64_t due); /* AIR or WAITING -> WAITING */
struct store_op *scheduler_leave(struct scheduler *flight,
                                 int seat); /* -> FREE; the op that sat there */
/* Takes the next unseated op out of the queue, or NULL. */
struct store_op *scheduler_unqueue(struct scheduler *flight);
bool scheduler_empty(const struct scheduler *flight); /* nobody waits, nobody sits */

/* The store has named a time before which it does not want to be asked. */
void scheduler_hold(struct scheduler *flight, int64_t until);
/* The store asked for less (at most once a second it counts), or gave a good answer. */
void scheduler_slower(struct scheduler *flight, int64_t now);
void scheduler_good(struct scheduler *flight);
/* How many bytes have moved so far, often, when all that may fly does. `moving`: all of it moves
 * bytes; otherwise their rate says nothing. */
void scheduler_measure(struct scheduler *flight, uint64_t moved, bool moving, int64_t now);

#endif
