/*
 * resume_state - the state of resume.h, and its file.
 */
#ifndef S3DOCK_PUSH_RESUME_RESUME_STATE_H
#define S3DOCK_PUSH_RESUME_RESUME_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/resume/checkpoint_file.h"
#include "push/resume/checkpoint_remote.h"
#include "push/resume/replay.h"
#include "push/resume/resume_options.h"
#include "push/resume/step_record.h"

struct resume {
    struct resume_options options;
    struct checkpoint_file file;
    struct checkpoint_remote remote;
    uint64_t arrived,
        remote_at;         /* bytes that have arrived; the same at the last write to the bucket */
    bool alone;            /* no other push of this name runs on this host */
    struct replay *replay; /* NULL: nothing to resume */
    char refusal[256];

    struct checkpoint_head head;
    bool begun;          /* the head is in the journal */
    struct text journal; /* before the head is known: the records that will follow it */
    size_t written;      /* bytes of the journal that are in the file */
    unsigned done_steps; /* parts and joins that the store has */

    struct step_record record;
    struct checkpoint_step next; /* the step that was compared last; */
    bool next_is_new;            /* it is not in the journal */
    uint64_t bytes;
    bool diverged, from_bucket, whole;
};

/* Appends the new records to the file. If that fails, the next push cannot resume; this push
 * continues. */
void resume_save(struct resume *resume);

#endif
