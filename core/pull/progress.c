/*
 * The writer thread passes the daemon's lines on while it waits for the end of a load, so the note
 * has a lock. All else belongs to the engine.
 */
#include "pull/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "flow/cancel.h"

void pull_progress_init(struct pull_progress *progress, const struct transfer_options *transfer)
{
    *progress = (struct pull_progress){.transfer = transfer, .phase = PHASE_PREPARE};
    pthread_mutex_init(&progress->lock, NULL);
}

void pull_progress_finish(struct pull_progress *progress)
{
    pthread_mutex_destroy(&progress->lock);
}

/* Copies the daemon's last line. NULL: there is none. */
static const char *copy_note(struct pull_progress *progress, char out[PULL_NOTE_MAX])
{
    pthread_mutex_lock(&progress->lock);
    memcpy(out, progress->note, PULL_NOTE_MAX);
    pthread_mutex_unlock(&progress->lock);
    return out[0] ? out : NULL;
}

static void report(struct pull_progress *progress, int64_t now)
{
    char note[PULL_NOTE_MAX];

    progress->next_report = now + CANCEL_TICK;
    transfer_report(progress->transfer,
                    &(struct transfer_progress){
                        .phase = progress->phase,
                        .done = progress->meter.done,
                        .total = progress->meter.total,
                        .moved = progress->meter.done,
                        .rate = meter_rate(&progress->meter, now),
                        .left = meter_left(&progress->meter, now),
                        .elapsed = (double)(now - progress->phase_began) / (double)NS_PER_S,
                        .note = copy_note(progress, note),
                    });
}

void pull_progress_wait(struct pull_progress *progress, enum transfer_phase phase)
{
    progress->phase = phase;
    progress->phase_began = clock_monotonic();
    report(progress, progress->phase_began);
}

void pull_progress_begin(struct pull_progress *progress, enum transfer_phase phase, uint64_t total)
{
    meter_start(&progress->meter, total, clock_monotonic());
    pull_progress_wait(progress, phase);
}

void pull_progress_add(struct pull_progress *progress, uint64_t bytes)
{
    meter_add(&progress->meter, bytes, clock_monotonic());
}

void pull_progress_tick(struct pull_progress *progress)
{
    int64_t now = clock_monotonic();

    if (now >= progress->next_report)
        report(progress, now);
}

void pull_progress_report(struct pull_progress *progress)
{
    report(progress, clock_monotonic());
}

void pull_progress_note(struct pull_progress *progress, const char *line)
{
    pthread_mutex_lock(&progress->lock);
    snprintf(progress->note, sizeof progress->note, "%.*s", PULL_NOTE_MAX - 1, line);
    pthread_mutex_unlock(&progress->lock);
}
