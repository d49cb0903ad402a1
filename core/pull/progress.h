/*
 * progress - the reports of a running pull to its user: phase, bytes, speed, and the daemon's
 * lines.
 */
#ifndef S3DOCK_PULL_PROGRESS_H
#define S3DOCK_PULL_PROGRESS_H

#include <pthread.h>
#include <stdint.h>

#include "flow/meter.h"
#include "transfer/transfer.h"

struct err;

#define PULL_NOTE_MAX 256

/* Used by the engine's thread, except for pull_progress_note. */
struct pull_progress {
    const struct transfer_options *transfer; /* borrowed */
    struct meter meter;
    int64_t next_report, phase_began;
    enum transfer_phase phase;
    pthread_mutex_t lock;     /* of the note */
    char note[PULL_NOTE_MAX]; /* the last line of the daemon; "": none */
};

void pull_progress_init(struct pull_progress *progress, const struct transfer_options *transfer);
void pull_progress_finish(struct pull_progress *progress);

/* Begins a phase that moves `total` bytes, and reports it at once. */
void pull_progress_begin(struct pull_progress *progress, enum transfer_phase phase, uint64_t total);
/* Begins a phase that has no bytes of its own: the figures of the last phase stay. */
void pull_progress_wait(struct pull_progress *progress, enum transfer_phase phase);
/* Adds bytes that have moved. */
void pull_progress_add(struct pull_progress *progress, uint64_t bytes);
/* Reports if the last report is CANCEL_TICK old. */
void pull_progress_tick(struct pull_progress *progress);
/* Reports at once. */
void pull_progress_report(struct pull_progress *progress);
/* Keeps a line of the daemon for the next reports. Any thread. */
void pull_progress_note(struct pull_progress *progress, const char *line);

#endif
