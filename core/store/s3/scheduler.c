/*
 * Seats are few (dozens), so everything about them is a walk over a small array.
 */
#include "store/s3/scheduler.h"

#include <assert.h>
#include <stddef.h>

#include "base/clock.h"

void scheduler_init(struct scheduler *flight, unsigned seats)
{
    assert(seats >= 1 && seats <= SCHEDULER_SEATS_MAX);
    unsigned first = seats < SCHEDULER_START ? seats : SCHEDULER_START;

    *flight = (struct scheduler){.seat_count = seats, .limit = seats, .most = first};
}

/* Of the rate, what it can make use of. */
static uint64_t weight_of(const struct store_op *op)
{
    bool is_short = op->verb == STORE_GET && op->length && op->length < SCHEDULER_RATE;

    return is_short ? op->length : SCHEDULER_RATE;
}

/* Whether the link has room for so much more. */
static bool fits(const struct scheduler *flight, uint64_t weight)
{
    return flight->taken == 0 || flight->weight + weight <= (uint64_t)flight->most * SCHEDULER_RATE;
}

void scheduler_queue(struct scheduler *flight, struct store_op *op)
{
    op->msg.next = NULL;
    if (flight->last)
        flight->last->msg.next = &op->msg;
    else
        flight->first = op;
    flight->last = op;
}

struct store_op *scheduler_unqueue(struct scheduler *flight)
{
    struct store_op *op = flight->first;

    if (!op)
        return NULL;
    flight->first = (struct store_op *)op->msg.next; /* msg is the first member */
    if (!flight->first)
        flight->last = NULL;
    op->msg.next = NULL;
    return op;
}

int scheduler_board(struct scheduler *flight, int64_t now)
{
    if (!flight->first || flight->taken >= flight->limit || !fits(flight, weight_of(flight->first)))
        return SCHEDULER_NONE;
    for (unsigned i = 0; i < flight->seat_count; i++) {
        if (flight->seats[i].state != SEAT_FREE)
            continue;
        flight->seats[i] = (struct scheduler_seat){SEAT_WAITING, scheduler_unqueue(flight), now};
        flight->taken++;
        flight->weight += weight_of(flight->seats[i].op);
        return (int)i;
    }
    return SCHEDULER_NONE;
}

static int earliest(const struct scheduler *flight)
{
    int best = SCHEDULER_NONE;

    for (unsigned i = 0; i < flight->seat_count; i++)
        if (flight->seats[i].state == SEAT_WAITING &&
            (best == SCHEDULER_NONE || flight->seats[i].due < flight->seats[best].due))
            best = (int)i;
    return best;
}

int scheduler_due(const struct scheduler *flight, int64_t now)
{
    int seat = earliest(flight);
    bool is_due = seat != SCHEDULER_NONE && flight->seats[seat].due <= now && flight->held <= now;
    return is_due ? seat : SCHEDULER_NONE;
}

int64_t scheduler_next(const struct scheduler *flight)
{
    int seat = earliest(flight);
    if (seat == SCHEDULER_NONE)
        return INT64_MAX;
    return flight->seats[seat].due > flight->held ? flight->seats[seat].due : flight->held;
}

void scheduler_hold(struct scheduler *flight, int64_t until)
{
    if (flight->held < until)
        flight->held = until;
}

void scheduler_depart(struct scheduler *flight, int seat)
{
    assert(flight->seats[seat].state == SEAT_WAITING);
    flight->seats[seat].state = SEAT_AIR;
}

void scheduler_again(struct scheduler *flight, int seat, int64_t due)
{
    assert(flight->seats[seat].state != SEAT_FREE);
    flight->seats[seat].state = SEAT_WAITING;
    flight->seats[seat].due = due;
}

struct store_op *scheduler_leave(struct scheduler *flight, int seat)
{
    assert(flight->seats[seat].state != SEAT_FREE);
    struct store_op *op = flight->seats[seat].op;
    flight->seats[seat] = (struct scheduler_seat){0};
    flight->taken--;
    flight->weight -= weight_of(op);
    return op;
}

bool scheduler_empty(const struct scheduler *flight)
{
    return !flight->first && flight->taken == 0;
}

void scheduler_slower(struct scheduler *flight, int64_t now)
{
    flight->good = 0;
    if (flight->slowed && now - flight->slowed < NS_PER_S)
        return; /* the others in the air hear the same complaint */
    flight->slowed = now;
    if (flight->limit > flight->taken)
        flight->limit = flight->taken; /* what flew was too much */
    flight->limit = flight->limit > 1 ? flight->limit / 2 : 1;
}

void scheduler_good(struct scheduler *flight)
{
    if (flight->limit >= flight->seat_count || ++flight->good < flight->limit)
        return;
    flight->good = 0;
    flight->limit++;
}

/* So many requests have enough of this rate. */
static unsigned enough_for(const struct scheduler *flight, uint64_t rate)
{
    unsigned first = flight->seat_count < SCHEDULER_START ? flight->seat_count : SCHEDULER_START;
    uint64_t count = rate / SCHEDULER_RATE;

    return count < 1 ? 1 : count < first ? (unsigned)count : first;
}

static void decide(struct scheduler *flight, uint64_t rate)
{
    unsigned enough = enough_for(flight, rate);

    if (flight->most < enough || rate / SCHEDULER_RATE < flight->most) {
        flight->most = enough;
        flight->rate.best = 0;
    } else if (flight->most < flight->seat_count &&
               rate > flight->rate.best + flight->rate.best / 10) {
        flight->rate.best = rate;
        flight->most++;
    }
}

/* By the link: for what waits, or anything at all, there is no room. */
static bool is_full(const struct scheduler *flight)
{
    return flight->taken && !fits(flight, flight->first ? weight_of(flight->first) : 1);
}

void scheduler_measure(struct scheduler *flight, uint64_t moved, bool moving, int64_t now)
{
    if (!moving || !is_full(flight)) {
        flight->rate.since = 0;
        return;
    }
    if (!flight->rate.since) {
        flight->rate.since = now;
        flight->rate.moved = moved;
        return;
    }
    int64_t time = now - flight->rate.since;
    if (time < NS_PER_S)
        return;
    decide(flight, (uint64_t)((double)(moved - flight->rate.moved) / (double)time * NS_PER_S));
    flight->rate.since = now;
    flight->rate.moved = moved;
}
