/*
 * redirect - follows a redirect: to the region of the bucket, which all later requests use, or to a
 * temporary host, for one op. Internal to store/s3, on the http thread.
 */
#ifndef S3DOCK_STORE_S3_REDIRECT_H
#define S3DOCK_STORE_S3_REDIRECT_H

#include <stdbool.h>

#include "store/s3/verdict.h"

struct s3_attempt;
struct s3_session;

/* Handles S3_REGION: repeats the request in the region, or at the host, that the reply names. If it
 * names none, sends a HEAD of the bucket as a follow-up, whose response has the region. An op is
 * redirected once; the second time it fails with network.service. */
void s3_redirect_handle(struct s3_session *session, struct s3_attempt *attempt,
                        const struct s3_reply *reply);
/* Returns whether the request of the attempt is this HEAD. */
bool s3_redirect_awaits_region(const struct s3_attempt *attempt);
/* Handles the response to this HEAD, of any verdict. */
void s3_redirect_end_region(struct s3_session *session, struct s3_attempt *attempt);
/* Copies the region of the session to session->counts, where any thread may read it. */
void s3_redirect_set_region(struct s3_session *session);

#endif
