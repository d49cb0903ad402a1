/*
 * progress - the reports of a running push to its user: phase, bytes and speed.
 *
 * Used by the engine's thread.
 */
#ifndef S3DOCK_PUSH_PROGRESS_H
#define S3DOCK_PUSH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/meter.h"
#include "transfer/transfer.h"

struct push_progress {
    const struct transfer_options *transfer; /* borrowed */
    uint64_t size_hint;                      /* raw bytes to come; 0: not known */
    bool size_is_estimate;
    struct meter meter; /* raw bytes */
    int64_t next_report, phase_began;
    enum transfer_phase phase;
};

/* `size_hint`: raw bytes of the save stream; 0: not known. */
void push_progress_init(struct push_progress *progress, const struct transfer_options *transfer,
                        uint64_t size_hint, bool size_is_estimate);
/* Reports when the phase is a new one, and otherwise when the last report is CANCEL_TICK old.
 * `done`: raw bytes whose archive is in the bucket. `moved`: bytes sent. */
void push_progress_report(struct push_progress *progress, enum transfer_phase phase, uint64_t done,
                          uint64_t moved);

#endif
