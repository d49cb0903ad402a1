/*
 * loop - one step of an S3 store's http thread: take new ops, cancel, admit ops to slots, send what
 * is due, measure the link, report a silence.
 *
 * After a cancel, all ops return at once. Exceptions run for at most STORE_INSIST_TIME: aborts of
 * uploads, deletes, and the ops on which the caller insists (store_insist). A request that begins
 * an upload also gets this time: without the upload's id, the upload could not be aborted.
 */
#ifndef S3DOCK_STORE_S3_LOOP_H
#define S3DOCK_STORE_S3_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct http_exchange;
struct s3_session;
struct store_op;

/* Takes `ops`, a list of new ones (linked by msg.next) or NULL. Returns when the next step is due
 * at the latest: INT64_MAX when the session has no work. */
int64_t s3_loop_step(struct s3_session *session, struct store_op *ops, int64_t now);
/* Handles an exchange that has ended. */
void s3_loop_finished(struct s3_session *session, struct http_exchange *exchange);

#endif
