/*
 * The queue is a linked list through the ops. The slots are a small array (dozens), which each
 * function walks.
 */
#include "store/s3/scheduler.h"

#include <assert.h>
#include <stddef.h>

#include "base/clock.h"

void scheduler_init(struct scheduler *scheduler, unsigned slots)
{
    unsigned first = slots < SCHEDULER_FIRST ? slots : SCHEDULER_FIRST;

    assert(slots >= 1 && slots <= SCHEDULER_SLOTS_MAX);
    *scheduler = (struct scheduler){.slot_count = slots, .limit = slots, .link_most = first};
}

/* Returns the share of the rate that the op can use. */
static uint64_t weight_of(const struct store_op *op)
{
    bool is_short = op->verb == STORE_GET && op->length && op->length < SCHEDULER_RATE;

    return is_short ? op->length : SCHEDULER_RATE;
}

/* Returns true if the link can take an op of this weight beside the admitted ones. */
static bool fits(const struct scheduler *scheduler, uint64_t weight)
{
    return scheduler->taken == 0 ||
           scheduler->weight + weight <= (uint64_t)scheduler->link_most * SCHEDULER_RATE;
}

void scheduler_queue(struct scheduler *scheduler, struct store_op *op)
{
    op->msg.next = NULL;
    if (scheduler->last)
        scheduler->last->msg.next = &op->msg;
    else
        scheduler->first = op;
    scheduler->last = op;
}

struct store_op *scheduler_unqueue(struct scheduler *scheduler)
{
    struct store_op *op = scheduler->first;

    if (!op)
        return NULL;
    scheduler->first = (struct store_op *)op->msg.next; /* msg is the first member */
    if (!scheduler->first)
        scheduler->last = NULL;
    op->msg.next = NULL;
    return op;
}

int scheduler_admit(struct scheduler *scheduler, int64_t now)
{
    if (!scheduler->first || scheduler->taken >= scheduler->limit ||
        !fits(scheduler, weight_of(scheduler->first)))
        return SCHEDULER_NONE;
    for (unsigned i = 0; i < scheduler->slot_count; i++) {
        if (scheduler->slots[i].state != SLOT_FREE)
            continue;
        scheduler->slots[i] =
            (struct scheduler_slot){SLOT_WAITING, scheduler_unqueue(scheduler), now};
        scheduler->taken++;
        scheduler->weight += weight_of(scheduler->slots[i].op);
        return (int)i;
    }
    return SCHEDULER_NONE;
}

static int earliest(const struct scheduler *scheduler)
{
    int best = SCHEDULER_NONE;

    for (unsigned i = 0; i < scheduler->slot_count; i++)
        if (scheduler->slots[i].state == SLOT_WAITING &&
            (best == SCHEDULER_NONE || scheduler->slots[i].due < scheduler->slots[best].due))
            best = (int)i;
    return best;
}

int scheduler_due(const struct scheduler *scheduler, int64_t now)
{
    int slot = earliest(scheduler);
    bool is_due =
        slot != SCHEDULER_NONE && scheduler->slots[slot].due <= now && scheduler->held <= now;
    return is_due ? slot : SCHEDULER_NONE;
}

int64_t scheduler_next_due(const struct scheduler *scheduler)
{
    int slot = earliest(scheduler);
    if (slot == SCHEDULER_NONE)
        return INT64_MAX;
    return scheduler->slots[slot].due > scheduler->held ? scheduler->slots[slot].due
                                                        : scheduler->held;
}

void scheduler_hold(struct scheduler *scheduler, int64_t until)
{
    if (scheduler->held < until)
        scheduler->held = until;
}

void scheduler_start(struct scheduler *scheduler, int slot)
{
    assert(scheduler->slots[slot].state == SLOT_WAITING);
    scheduler->slots[slot].state = SLOT_ACTIVE;
}

void scheduler_postpone(struct scheduler *scheduler, int slot, int64_t due)
{
    assert(scheduler->slots[slot].state != SLOT_FREE);
    scheduler->slots[slot].state = SLOT_WAITING;
    scheduler->slots[slot].due = due;
}

struct store_op *scheduler_release(struct scheduler *scheduler, int slot)
{
    struct store_op *op = scheduler->slots[slot].op;

    assert(scheduler->slots[slot].state != SLOT_FREE);
    scheduler->slots[slot] = (struct scheduler_slot){0};
    scheduler->taken--;
    scheduler->weight -= weight_of(op);
    return op;
}

bool scheduler_is_idle(const struct scheduler *scheduler)
{
    return !scheduler->first && scheduler->taken == 0;
}

void scheduler_slow_down(struct scheduler *scheduler, int64_t now)
{
    scheduler->successes = 0;
    if (scheduler->slowed && now - scheduler->slowed < NS_PER_S)
        return; /* other active requests report the same overload */
    scheduler->slowed = now;
    if (scheduler->limit > scheduler->taken)
        scheduler->limit = scheduler->taken; /* the overload came from so many */
    scheduler->limit = scheduler->limit > 1 ? scheduler->limit / 2 : 1;
}

void scheduler_note_success(struct scheduler *scheduler)
{
    if (scheduler->limit >= scheduler->slot_count || ++scheduler->successes < scheduler->limit)
        return;
    scheduler->successes = 0;
    scheduler->limit++;
}

/* Returns how many requests get SCHEDULER_RATE each, at most SCHEDULER_FIRST. */
static unsigned enough_for(const struct scheduler *scheduler, uint64_t rate)
{
    unsigned first =
        scheduler->slot_count < SCHEDULER_FIRST ? scheduler->slot_count : SCHEDULER_FIRST;
    uint64_t count = rate / SCHEDULER_RATE;

    return count < 1 ? 1 : count < first ? (unsigned)count : first;
}

static void set_link_most(struct scheduler *scheduler, uint64_t rate)
{
    unsigned enough = enough_for(scheduler, rate);

    if (scheduler->link_most < enough || rate / SCHEDULER_RATE < scheduler->link_most) {
        scheduler->link_most = enough;
        scheduler->rate.best = 0;
    } else if (scheduler->link_most < scheduler->slot_count &&
               rate > scheduler->rate.best + scheduler->rate.best / 10) {
        scheduler->rate.best = rate;
        scheduler->link_most++;
    }
}

/* Returns true if the link limit admits neither the next op of the queue nor, without one, any op.
 */
static bool is_full(const struct scheduler *scheduler)
{
    return scheduler->taken && !fits(scheduler, scheduler->first ? weight_of(scheduler->first) : 1);
}

void scheduler_measure(struct scheduler *scheduler, uint64_t moved, bool moving, int64_t now)
{
    int64_t time = now - scheduler->rate.since;

    if (!moving || !is_full(scheduler)) {
        scheduler->rate.since = 0;
        return;
    }
    if (!scheduler->rate.since) {
        scheduler->rate.since = now;
        scheduler->rate.moved = moved;
        return;
    }
    if (time < NS_PER_S)
        return;
    set_link_most(scheduler,
                  (uint64_t)((double)(moved - scheduler->rate.moved) / (double)time * NS_PER_S));
    scheduler->rate.since = now;
    scheduler->rate.moved = moved;
}
