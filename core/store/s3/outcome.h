/*
 * outcome - acts on a response: ends the op, or sends another request for it. Internal to store/s3,
 * on the http thread.
 */
#ifndef S3DOCK_STORE_S3_OUTCOME_H
#define S3DOCK_STORE_S3_OUTCOME_H

struct s3_attempt;
struct s3_session;

/* Reads the response of the attempt's finished exchange and acts on it. */
void s3_outcome_handle(struct s3_session *session, struct s3_attempt *attempt);

#endif
