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

#include "pull/plan/span.h"
#include "push/resume/checkpoint.h"

struct err;

struct follow;
/* Takes the checkpoint. */
struct follow *follow_create(struct checkpoint *then, struct err *err);
void follow_destroy(struct follow *follow); /* takes NULL */
const struct checkpoint *follow_checkpoint(const struct follow *follow);

/* What the store says it has; after all of that follow_settle. What was not written down just so is
 * not there. */
void follow_has_part(struct follow *follow, unsigned long number, const struct store_info *info);
void follow_has_join(struct follow *follow, unsigned long number, const struct store_info *info);
/* The archive itself is there: all of its parts are. */
void follow_has_all(struct follow *follow);
int follow_settle(struct follow *follow, struct err *err);
unsigned follow_count(const struct follow *follow); /* of parts and joins that are there */

/* The next chunk of the stream: sets `sent` and its packed size when all of it is where it has to
 * be. False: this stream is another one. */
bool follow_mark(struct follow *follow, struct span_chunk *chunk);

/* How many chunks were written down; behind them a step tells its own. */
uint32_t follow_chunks(const struct follow *follow);

enum follow_answer {
    FOLLOW_NEW,      /* nothing was written down of it */
    FOLLOW_AGAIN,    /* it was, but it has to be done */
    FOLLOW_THERE,    /* the store has it, under its ETag */
    FOLLOW_NEEDLESS, /* a join that nothing is taken from any more */
    FOLLOW_DIFFERS,  /* another one was done then */
};
/* The next step. *then: as it was written down, unless it is new or differs. */
enum follow_answer follow_step(struct follow *follow, const struct checkpoint_step *now,
                               const struct checkpoint_step **then);
bool follow_is_over(const struct follow *follow); /* all that was written down has come */

#endif
