/*
 * attempt - the op in a slot and the request that is sent for it: built, signed, handed to the
 * http client, and again for the next try. Internal to store/s3, on the http thread.
 *
 * struct s3_attempt is in session.h.
 */
#ifndef S3DOCK_STORE_S3_ATTEMPT_H
#define S3DOCK_STORE_S3_ATTEMPT_H

#include "store/s3/verdict.h"
#include "store/store.h"

struct cancel;
struct s3_attempt;
struct s3_session;

/* Releases the attempt of a slot, which was zeroed at first. */
void s3_attempt_finish(struct s3_attempt *attempt);

/* Takes the op that the scheduler put into the slot. */
void s3_attempt_begin(struct s3_session *session, struct s3_attempt *attempt);
/* Sends the request. Returns the op with an error if the request cannot be built. */
void s3_attempt_send(struct s3_session *session, struct s3_attempt *attempt);
/* Plans another try, without a wait. */
void s3_attempt_repeat(struct s3_session *session, struct s3_attempt *attempt);
/* Plans `request` as a follow-up request. `fallback`: the verdict on the op so far. */
void s3_attempt_follow_up(struct s3_session *session, struct s3_attempt *attempt,
                          const struct store_op *request, enum s3_verdict fallback);
/* Makes the op's own request the next one. */
void s3_attempt_end_follow_up(struct s3_attempt *attempt);
/* Keeps the bytes of a read that was cut. Later tries request only the rest. */
void s3_attempt_keep_read(struct s3_attempt *attempt);
/* Copies error and server time of the other request to the op. */
void s3_attempt_take_over(struct s3_attempt *attempt);
/* Frees the slot and returns the op to its submitter; fail takes the error of the last request. */
void s3_attempt_end(struct s3_session *session, struct s3_attempt *attempt,
                    enum store_answer answer);
void s3_attempt_fail(struct s3_session *session, struct s3_attempt *attempt);
void s3_attempt_cancel(struct s3_session *session, struct s3_attempt *attempt);

/* Returns the op whose request is sent: the slot's or `other`. */
struct store_op *s3_attempt_request(struct s3_attempt *attempt);
/* Returns an op that has no slot, as cancelled. */
void s3_op_cancel(const struct cancel *cancel, struct store_op *op);

#endif
