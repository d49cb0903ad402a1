/*
 * redirect - acts on responses that send a request elsewhere: to the region of the bucket, which all
 * later requests use, or to a temporary host, for one op. Internal to store/s3, on the http thread.
 */
#ifndef S3DOCK_STORE_S3_REDIRECT_H
#define S3DOCK_STORE_S3_REDIRECT_H

#include <stdbool.h>

#include "store/s3/verdict.h"

struct s3_attempt;
struct s3_session;

/* Acts on S3_REGION: repeats the request in the region, or at the host, that the reply names. If it
 * names none, asks AWS for the region of the bucket. An op is redirected once. network.service: the
 * second time. */
void s3_redirect_handle(struct s3_session *session, struct s3_attempt *attempt,
                        const struct s3_reply *reply);
/* Returns whether the attempt has asked for the region of the bucket. */
bool s3_redirect_has_asked(const struct s3_attempt *attempt);
/* Acts on the response to that question, of any verdict. */
void s3_redirect_end_question(struct s3_session *session, struct s3_attempt *attempt);
/* Publishes the region that is used now. Any thread may read it from session->counts. */
void s3_redirect_set_region(struct s3_session *session);

#endif
