/*
 * step_record - the entry of a checkpoint for one step: its place in the archive and its chunks.
 *
 * Belongs to the engine.
 */
#ifndef S3DOCK_PUSH_RESUME_STEP_RECORD_H
#define S3DOCK_PUSH_RESUME_STEP_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/index/index.h"
#include "push/plan/part_planner.h"
#include "push/resume/checkpoint.h"

struct err;

/* Zeroed, except for builder, thin and no_md5. */
struct step_record {
    const struct index_builder *builder; /* borrowed */
    uint32_t recorded;                   /* chunks that earlier steps have */
    uint64_t recorded_end;               /* end of these chunks in the archive */
    bool thin;   /* the object has only chunks of its own: INDEX_OWN, each once */
    bool no_md5; /* the MD5 of the object is not computed */
    unsigned parts, joins;
    uint64_t parts_end;
    bool copied;     /* a step copied bytes: the MD5 of the archive is not known */
    uint32_t *sizes; /* of the chunks of the last step: see CHECKPOINT_HELD */
    uint32_t size_count;
    size_t room; /* of sizes */
};

/* Describes the next step: a part of side[0], or a join of both sides. side[1].size 0: a part. The
 * chunks of the step are in the index already. Sets all of *step except the MD5 and the ETag;
 * has_md5: no bytes were copied so far, so that the MD5 is known. */
int step_record_step(struct step_record *record, const struct region side[2],
                     struct checkpoint_step *step, struct err *err);
void step_record_finish(struct step_record *record);

#endif
