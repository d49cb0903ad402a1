/*
 * follow_up - requests that the store sends between two tries of an op to learn its result:
 *   a GET of one byte  for the reason why a HEAD was refused, or for a size that a HEAD left out
 *   a HEAD or GET      of an object whose write, or completed upload, got no usable response
 *   a HEAD             of the source of a copy, for servers that cannot check its condition
 */
#ifndef S3DOCK_STORE_S3_FOLLOW_UP_H
#define S3DOCK_STORE_S3_FOLLOW_UP_H

#include <stdbool.h>

#include "http/retry.h"
#include "store/s3/verdict.h"
#include "store/store.h"

struct s3_attempt;
struct s3_session;

/* How the op continues after its follow-up request. */
struct s3_next {
    enum {
        S3_NEXT_END,    /* with `answer` */
        S3_NEXT_FAIL,   /* with the error of the follow-up request */
        S3_NEXT_REPEAT, /* at once */
        S3_NEXT_RETRY,  /* after a wait, for `cause` */
    } act;
    enum store_answer answer;
    enum retry_cause cause;
};

/* Plan a follow-up request: after S3_ASK, S3_UNSIZED, S3_UNSURE. */
void s3_follow_up_reason(struct s3_session *session, struct s3_attempt *attempt);
void s3_follow_up_size(struct s3_session *session, struct s3_attempt *attempt);
void s3_follow_up_object(struct s3_session *session, struct s3_attempt *attempt,
                         enum s3_verdict fallback);
/* Plans one if a verdict that would end the op needs one. True: it is planned. */
bool s3_follow_up_needed(struct s3_session *session, struct s3_attempt *attempt,
                         enum s3_verdict verdict);

/* Decides by `verdict`, of the follow-up request. */
struct s3_next s3_follow_up_judge(struct s3_session *session, struct s3_attempt *attempt,
                                  enum s3_verdict verdict);

enum store_answer s3_answer_of(enum s3_verdict verdict);

#endif
