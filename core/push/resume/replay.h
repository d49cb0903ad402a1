/*
 * replay - goes over what an earlier push had done, step by step beside the push that does it
 * again: which chunks need not be packed, which parts not be sent, which joins not be made.
 *
 * Pure: it is told what the store still has, and is asked in the order of the archive. The first
 * difference ends it.
 */
#ifndef S3DOCK_PUSH_RESUME_REPLAY_H
#define S3DOCK_PUSH_RESUME_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "push/plan/span.h"
#include "push/resume/checkpoint.h"

struct err;

struct replay;
/* Takes the checkpoint. */
struct replay *replay_create(struct checkpoint *then, struct err *err);
void replay_destroy(struct replay *replay); /* takes NULL */
const struct checkpoint *replay_checkpoint(const struct replay *replay);

/* What the store says it has; after all of that replay_settle. What was not written down just so is
 * not there. */
void replay_has_part(struct replay *replay, unsigned long number, const struct store_info *info);
void replay_has_join(struct replay *replay, unsigned long number, const struct store_info *info);
/* The archive itself is there: all of its parts are. */
void replay_has_all(struct replay *replay);
int replay_settle(struct replay *replay, struct err *err);
unsigned replay_count(const struct replay *replay); /* of parts and joins that are there */

/* Compares the next chunk of the stream. *sent: its packed size, if all of its packed bytes are in
 * the store; else 0. False: the stream is another one. */
bool replay_next_chunk(struct replay *replay, const struct push_chunk *chunk, uint32_t *sent);

enum replay_answer {
    REPLAY_NEW,      /* nothing was written down of it */
    REPLAY_AGAIN,    /* it was, but it has to be done */
    REPLAY_THERE,    /* the store has it, under its ETag */
    REPLAY_NEEDLESS, /* a join that nothing is taken from any more */
    REPLAY_DIFFERS,  /* another one was done then */
};
/* The next step. *then: as it was written down, unless it is new or differs. */
enum replay_answer replay_step(struct replay *replay, const struct checkpoint_step *now,
                               const struct checkpoint_step **then);
bool replay_is_over(const struct replay *replay); /* all that was written down has come */

#endif
