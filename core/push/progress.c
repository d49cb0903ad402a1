/*
 * The figures are passed to the callback of the transfer options, at most once each CANCEL_TICK
 * within a phase. The meter counts only during PHASE_PUSH.
 */
#include "push/progress.h"

#include "base/clock.h"
#include "flow/cancel.h"

void push_progress_init(struct push_progress *progress, const struct transfer_options *transfer,
                        uint64_t size_hint, bool size_is_estimate)
{
    *progress = (struct push_progress){.transfer = transfer,
                                       .size_hint = size_hint,
                                       .size_is_estimate = size_is_estimate,
                                       .phase = PHASE_PREPARE}; /* of push.c, not of the engine */
}

/* Returns true if it is time for a report. */
static bool begin_report(struct push_progress *p, enum transfer_phase phase, int64_t now)
{
    if (phase == p->phase)
        return now >= p->next_report;
    p->phase = phase;
    p->phase_began = now;
    if (phase == PHASE_PUSH)
        meter_start(&p->meter, p->size_hint, now);
    return true;
}

void push_progress_report(struct push_progress *progress, enum transfer_phase phase, uint64_t done,
                          uint64_t moved)
{
    struct push_progress *p = progress;
    int64_t now = clock_monotonic();

    if (!begin_report(p, phase, now))
        return;
    p->next_report = now + CANCEL_TICK;
    if (phase == PHASE_PUSH && done > p->meter.done)
        meter_add(&p->meter, done - p->meter.done, now);
    transfer_report(p->transfer, &(struct transfer_progress){
                                     .phase = phase,
                                     .done = p->meter.done,
                                     .total = p->meter.total,
                                     .total_is_estimate = p->size_is_estimate,
                                     .moved = moved,
                                     .rate = meter_rate(&p->meter, now),
                                     .left = meter_left(&p->meter, now),
                                     .elapsed = (double)(now - p->phase_began) / (double)NS_PER_S,
                                 });
}
