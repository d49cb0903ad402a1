/*
 * chunk_fate - decides, before a span goes to the workers, what happens to each of its chunks.
 *
 * Two facts decide: whether an earlier push has sent the packed bytes of the chunk already
 * (resume.h), and whether the chunk continues a long run in one base. Such a chunk is copied and
 * need not be packed. The part planner, which knows for certain, is some spans behind; where the
 * guess was wrong, the assembler packs the chunk itself.
 *
 * Used by the engine.
 */
#ifndef S3DOCK_PUSH_CHUNK_FATE_H
#define S3DOCK_PUSH_CHUNK_FATE_H

#include <stdint.h>

#include "push/plan/part_planner.h"
#include "push/plan/span.h"
#include "push/resume/resume.h"

struct err;

/* `resume` and `planner` are set by the caller; the rest is zeroed. */
struct chunk_fates {
    struct resume *resume; /* borrowed */
    struct part_planner_options planner;
    struct held_chunk run_end; /* the place in a base at which the run continues */
    uint64_t run;              /* bytes of the run so far */
    uint64_t held;             /* bytes of all chunks so far that a base has */
};

/* Sets the fates of the chunks of the next span, in the order of the stream. Fails when the stream
 * is not that of the unfinished upload. */
int chunk_fates_set(struct chunk_fates *fates, struct push_span *span, struct err *err);

#endif
