/*
 * checkpoint_match - decides whether a push can resume the upload of a checkpoint. Pure.
 */
#ifndef S3DOCK_PUSH_RESUME_CHECKPOINT_MATCH_H
#define S3DOCK_PUSH_RESUME_CHECKPOINT_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "push/resume/checkpoint.h"

struct checkpoint_wanted {
    const char *content; /* the id of the image, "" if it is not known yet */
    struct codec_choice choice;
    bool own_key; /* the object has a key of its own: the image is of format 3 */
    bool thin;
    bool delta;         /* the push may use chunks of bases */
    uint64_t part_size; /* of equal parts */
    uint64_t least;     /* least size of a part, with copies */
};

/* Returns NULL if the checkpoint fits, else why it does not, as a clause. */
const char *checkpoint_mismatch(const struct checkpoint *checkpoint,
                                const struct checkpoint_wanted *wanted);

#endif
