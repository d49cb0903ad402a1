/*
 * scheduler - decides which op of the queue may send its request, and when a failed one repeats it.
 *
 * Book-keeping for one thread, without I/O. An admitted op gets a slot and keeps it through all its
 * attempts. So the number of slots bounds the requests that run at once, and nothing is allocated.
 *
 * Two limits adapt to the other side:
 *   limit      follows the store. When the store asks for less, or a request stalls, the limit is
 *              halved. A round of successful requests raises it by one.
 *   link_most  follows the link. Once a second, while all slots that it allows are busy, the
 *              measured rate sets it: each request should get SCHEDULER_RATE. One more request is
 *              tried as long as the last one raised the total rate.
 *
 * A read shorter than SCHEDULER_RATE weighs only its length, because its time is mostly the round
 * trip. So many short reads may run where few long ones fill the link.
 */
#ifndef S3DOCK_STORE_S3_SCHEDULER_H
#define S3DOCK_STORE_S3_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

#define SCHEDULER_SLOTS_MAX 64
#define SCHEDULER_FIRST     8           /* requests at once before the rate is known */
#define SCHEDULER_RATE      (64 * 1024) /* bytes a second that a request should have at least */

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_ACTIVE /* its request is on the network */ };

struct scheduler_slot {
    enum slot_state state;
    struct store_op *op;
    int64_t due; /* SLOT_WAITING: clock_monotonic() of the next attempt */
};

struct scheduler {
    struct store_op *first, *last; /* without a slot, in order; linked by op->msg.next */
    struct scheduler_slot slots[SCHEDULER_SLOTS_MAX];
    unsigned slot_count, taken;
    unsigned limit;     /* of `taken`, by the store's responses; 1 .. slot_count */
    unsigned link_most; /* full-weight requests at once, by the rate; 1 .. slot_count */
    uint64_t weight;    /* of all admitted ops; above link_most * SCHEDULER_RATE only for one op */
    unsigned successes; /* since `limit` was last changed */
    int64_t slowed;     /* when `limit` was last halved */
    int64_t held;       /* no request starts before this time */
    struct {
        int64_t since; /* 0: not measuring */
        uint64_t moved;
        uint64_t best; /* rate at which link_most was last raised */
    } rate;
};

#define SCHEDULER_NONE (-1)

void scheduler_init(struct scheduler *scheduler, unsigned slots); /* 1 .. SCHEDULER_SLOTS_MAX */
void scheduler_queue(struct scheduler *scheduler, struct store_op *op);
/* Moves the next op of the queue to a slot (SLOT_WAITING, due now). Returns the slot, or
 * SCHEDULER_NONE: the queue is empty, or a limit is reached. */
int scheduler_admit(struct scheduler *scheduler, int64_t now);
/* Returns the waiting slot that is due first, or SCHEDULER_NONE: none is due. */
int scheduler_due(const struct scheduler *scheduler, int64_t now);
/* Returns when the next slot is due; INT64_MAX: none waits. */
int64_t scheduler_next_due(const struct scheduler *scheduler);
/* WAITING -> ACTIVE */
void scheduler_start(struct scheduler *scheduler, int slot);
/* ACTIVE or WAITING -> WAITING */
void scheduler_postpone(struct scheduler *scheduler, int slot, int64_t due);
/* Frees the slot and returns its op. */
struct store_op *scheduler_release(struct scheduler *scheduler, int slot);
/* Removes and returns the next op of the queue, or NULL. */
struct store_op *scheduler_unqueue(struct scheduler *scheduler);
/* Returns true if the queue is empty and all slots are free. */
bool scheduler_is_idle(const struct scheduler *scheduler);

/* Starts nothing before `until`: the store sent Retry-After. */
void scheduler_hold(struct scheduler *scheduler, int64_t until);
/* Halves the limit, at most once a second: the store asked for fewer requests. */
void scheduler_slow_down(struct scheduler *scheduler, int64_t now);
void scheduler_note_success(struct scheduler *scheduler);
/* Takes the total of bytes moved so far; call it often. `moving`: all active requests move bytes;
 * otherwise the measuring starts anew. */
void scheduler_measure(struct scheduler *scheduler, uint64_t moved, bool moving, int64_t now);

#endif
