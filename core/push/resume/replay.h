/*
 * replay - compares a repeated push with the checkpoint of the interrupted one, step by step: which
 * chunks need not be packed, which parts need not be sent, which joins need not be made.
 *
 * Pure. First it is given the parts that the store has, then the chunks and steps in the order of
 * the archive. The first difference ends it.
 */
#ifndef S3DOCK_PUSH_RESUME_REPLAY_H
#define S3DOCK_PUSH_RESUME_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "push/plan/span.h"
#include "push/resume/checkpoint.h"

struct err;

struct replay;
/* Takes ownership of the checkpoint, after a failure, too. */
struct replay *replay_create(struct checkpoint *then, struct err *err);
void replay_destroy(struct replay *replay); /* takes NULL */
const struct checkpoint *replay_checkpoint(const struct replay *replay);

/* Report a part or a join that the store has. Ignored if size or ETag differ from the checkpoint.
 * Call replay_settle last. */
void replay_has_part(struct replay *replay, unsigned long number, const struct store_info *info);
void replay_has_join(struct replay *replay, unsigned long number, const struct store_info *info);
/* Report that the store has the complete archive, and so all parts. */
void replay_has_all(struct replay *replay);
/* Determines which joins are still needed. Fails when the checkpoint contradicts itself. */
int replay_settle(struct replay *replay, struct err *err);
unsigned replay_count(const struct replay *replay); /* parts and joins that the store has */

/* Compares the next chunk of the stream. *sent: its packed size, if all of its packed bytes are in
 * the store; else 0. False: the stream is another one. */
bool replay_next_chunk(struct replay *replay, const struct push_chunk *chunk, uint32_t *sent);

enum replay_answer {
    REPLAY_NEW,      /* the checkpoint ends before this step */
    REPLAY_AGAIN,    /* the checkpoint has it, the store does not */
    REPLAY_THERE,    /* the store has it */
    REPLAY_NEEDLESS, /* a join from which nothing will be copied any more */
    REPLAY_DIFFERS,  /* the checkpoint has another step */
};
/* Compares the next step. *then: the step of the checkpoint, unless the step is new or differs. */
enum replay_answer replay_step(struct replay *replay, const struct checkpoint_step *now,
                               const struct checkpoint_step **then);
bool replay_is_over(const struct replay *replay); /* all steps of the checkpoint have come */

#endif
