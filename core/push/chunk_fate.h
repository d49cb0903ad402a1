/*
 * chunk_fate - decides for each chunk of a span, before the workers get it, whether it is packed.
 *
 * Two facts decide: whether an earlier push has sent the packed bytes of the chunk already
 * (resume.h), and whether the chunk continues a long run in one base. Such a chunk is copied and
 * need not be packed. The decision may be wrong, because the part planner makes the final one some
 * spans later. Then the assembler packs the chunk.
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
