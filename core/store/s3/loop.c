/*
 * The loop starts requests and reports waits. outcome.c decides what follows a response.
 */
#include "store/s3/loop.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/cancel.h"
#include "store/s3/attempt.h"
#include "store/s3/outcome.h"
#include "store/s3/reading.h"
#include "store/s3/session.h"

/* ---- measuring ---- */

/* Returns true if all active requests move bytes, so that their rate measures the link. */
static bool is_moving(const struct s3_session *session)
{
    for (unsigned i = 0; i < session->scheduler.slot_count; i++) {
        const struct scheduler_slot *slot = &session->scheduler.slots[i];
        bool moves = slot->op && (slot->op->verb == STORE_UPLOAD_PART ||
                                  (slot->op->verb == STORE_GET && slot->op->buffer));

        if (slot->state != SLOT_FREE && (!moves || slot->state != SLOT_ACTIVE ||
                                         session->attempts[i].sends == S3_SENDS_FOLLOW_UP))
            return false;
    }
    return true;
}

static void measure_link(struct s3_session *session, int64_t now)
{
    uint64_t sent, received;

    http_traffic(session->http, &sent, &received);
    scheduler_measure(&session->scheduler, sent + received, is_moving(session), now);
}

/* ---- reporting a silence ---- */

/* Returns true if an active request has moved more of its bodies than any of its earlier tries.
 * Bytes that are sent again do not count. */
static bool has_moved(struct s3_session *session)
{
    bool moved = false;

    for (unsigned i = 0; i < session->scheduler.slot_count; i++) {
        struct s3_attempt *attempt = &session->attempts[i];
        uint64_t now =
            attempt->have + attempt->exchange.sent_at + attempt->exchange.answer.received;

        if (session->scheduler.slots[i].state != SLOT_ACTIVE ||
            attempt->sends == S3_SENDS_FOLLOW_UP || now <= attempt->most)
            continue;
        attempt->most = now;
        moved = true;
    }
    return moved;
}

static struct s3_attempt *most_tried(struct s3_session *session)
{
    struct s3_attempt *best = NULL;

    for (unsigned i = 0; i < session->scheduler.slot_count; i++) {
        struct s3_attempt *attempt = &session->attempts[i];

        if (session->scheduler.slots[i].state != SLOT_FREE && attempt->op &&
            (!best || attempt->op->tries > best->op->tries))
            best = attempt;
    }
    return best;
}

static void print_wait(struct s3_session *session, struct s3_attempt *attempt, int64_t now)
{
    double seconds = silence_seconds(&session->silence, now);
    const struct store_op *op = s3_attempt_request(attempt);

    if (attempt->parked)
        log_note("nothing has moved for %.0f s: waiting for new credentials", seconds);
    else if (op->err.text[0])
        log_note("nothing has moved for %.0f s, after %u tries: %s", seconds, attempt->op->tries,
                 op->err.text);
    else
        log_note("nothing has moved for %.0f s: waiting for the store, %s s3://%s/%s", seconds,
                 s3_doing(op->verb), session->place.bucket, op->key ? op->key : "");
}

static void watch_silence(struct s3_session *session, int64_t now)
{
    struct s3_attempt *attempt;

    if (scheduler_is_idle(&session->scheduler) || has_moved(session))
        silence_moved(&session->silence, now);
    else if (silence_due(&session->silence, now) && (attempt = most_tried(session)))
        print_wait(session, attempt, now);
}

/* ---- cancelling ---- */

/* Returns true if a cancel does not end the op at once. */
static bool outlives_cancel(const struct s3_session *session, const struct store_op *op)
{
    return op->verb == STORE_UPLOAD_ABORT || op->verb == STORE_DELETE ||
           atomic_load(&session->store->insisting);
}

static bool keeps_slot(const struct s3_session *session, const struct scheduler_slot *slot)
{
    return outlives_cancel(session, slot->op) ||
           (slot->op->verb == STORE_UPLOAD_CREATE && slot->state == SLOT_ACTIVE);
}

static void start_cleanup(struct s3_session *session, int64_t now)
{
    if (!session->cleanup_until)
        session->cleanup_until = now + STORE_INSIST_TIME;
}

/* Returns the queued ops, but for those that outlive a cancel. True: such ops are left. */
static bool cancel_queue(struct s3_session *session, bool is_over)
{
    struct store_op *op, *last = session->scheduler.last;
    bool kept = false;

    while (last && (op = scheduler_unqueue(&session->scheduler))) {
        if (is_over || !outlives_cancel(session, op)) {
            s3_op_cancel(session->cancel, op);
        } else {
            scheduler_queue(&session->scheduler, op);
            kept = true;
        }
        if (op == last)
            break;
    }
    return kept;
}

static bool cancel_slots(struct s3_session *session, bool is_over)
{
    bool kept = false;

    for (unsigned i = 0; i < session->scheduler.slot_count; i++) {
        const struct scheduler_slot *slot = &session->scheduler.slots[i];

        if (slot->state == SLOT_FREE)
            continue;
        if (is_over || !keeps_slot(session, slot))
            s3_attempt_cancel(session, &session->attempts[i]);
        else
            kept = true;
    }
    return kept;
}

static void cancel_ops(struct s3_session *session, int64_t now)
{
    bool is_over = session->cleanup_until && now >= session->cleanup_until;
    bool queue_left = cancel_queue(session, is_over);
    bool slots_left = cancel_slots(session, is_over);

    if (queue_left || slots_left)
        start_cleanup(session, now);
}

/* ---- the step ---- */

static void queue_ops(struct s3_session *session, struct store_op *op, int64_t now)
{
    while (op) {
        struct store_op *next = (struct store_op *)op->msg.next;

        if (session->cancelled && !outlives_cancel(session, op)) {
            s3_op_cancel(session->cancel, op);
        } else {
            if (session->cancelled)
                start_cleanup(session, now);
            scheduler_queue(&session->scheduler, op);
        }
        op = next;
    }
}

static void resume_parked(struct s3_session *session, int64_t now)
{
    for (unsigned i = 0; i < session->scheduler.slot_count; i++)
        if (session->scheduler.slots[i].state == SLOT_WAITING && session->attempts[i].parked)
            scheduler_postpone(&session->scheduler, (int)i, now);
}

int64_t s3_loop_step(struct s3_session *session, struct store_op *ops, int64_t now)
{
    struct scheduler *scheduler = &session->scheduler;
    int64_t next, tick = now + CANCEL_TICK;
    int slot;

    session->cancelled = session->cancelled || cancel_requested(session->cancel);
    queue_ops(session, ops, now);
    if (session->cancelled)
        cancel_ops(session, now);
    if (atomic_exchange(&session->keys_changed, false))
        resume_parked(session, now);

    while ((slot = scheduler_admit(scheduler, now)) != SCHEDULER_NONE)
        s3_attempt_begin(session, &session->attempts[slot]);
    while ((slot = scheduler_due(scheduler, now)) != SCHEDULER_NONE)
        s3_attempt_send(session, &session->attempts[slot]);
    measure_link(session, now);
    watch_silence(session, now);

    if (scheduler_is_idle(scheduler))
        return INT64_MAX;
    next = scheduler_next_due(scheduler);
    return next < tick ? next : tick;
}

void s3_loop_finished(struct s3_session *session, struct http_exchange *exchange)
{
    struct s3_attempt *attempt = session->attempts;

    while (&attempt->exchange != exchange)
        attempt++;
    s3_outcome_handle(session, attempt);
}
