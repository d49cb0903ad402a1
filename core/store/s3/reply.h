/*
 * reply - what an answer means. Pure.
 *
 * An HTTP status is only half of S3's word: 200 may carry an error, 404 may speak of the key, the
 * upload or the bucket, 403 may mean a wrong clock, 400 a wrong region; and what looks like an
 * answer may be a hotel's login page. All of that is decided here, and put into words.
 */
#ifndef S3DOCK_STORE_S3_REPLY_H
#define S3DOCK_STORE_S3_REPLY_H

#include <stdint.h>

#include "http/client.h"
#include "http/retry.h"
#include "store/s3/endpoint.h"
#include "store/store.h"

#define S3_REPLY_MAX (8 * 1024 * 1024) /* of a document: 1000 entries with long, escaped keys */

enum s3_verdict {
    /* the op is over */
    S3_DONE,
    S3_ABSENT,
    S3_CHANGED,
    S3_FAILED,
    /* it is not, unless the caller can do no more: then it has failed as op->err says */
    S3_AGAIN,   /* `cause`, `asked` */
    S3_REGION,  /* the bucket is in `region` */
    S3_CLOCK,   /* the clocks differ; it was `server_time` there */
    S3_ASK,     /* a HEAD was refused, and HEADs carry no reason: ask for it with a GET */
    S3_EXPIRED, /* the session token has expired: with new credentials it may go */
    S3_UNSURE,  /* an UPLOAD_COMPLETE may or may not have happened */
    S3_UNSIZED, /* a HEAD went well and did not tell the size: a ranged GET does */
};

struct s3_reply {
    enum s3_verdict verdict;
    enum retry_cause cause;
    int64_t asked;       /* Retry-After, ns; 0: nothing */
    int64_t server_time; /* wall ns, 0: not known */
    char region[S3_REGION_SIZE];
    bool bucket_exists; /* the answer proves it */
    int http_status;
    char s3_code[48]; /* "SlowDown", "NotImplemented"... of a refusal; "": it has none */
};

/* Reads `answer` into the lower half of `op` (info, upload_id, *page; err and failure for
 * every verdict but the first three). */
void s3_reply_read(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                   const struct http_answer *answer);

/* "copying a part to": what a request does with its key, in messages. */
const char *s3_reply_doing(enum store_verb verb);

/* The same request, which nobody had signed: where it was refused for want of rights, op->err says
 * that, auth.unsigned, and nothing of keys that are not there. */
void s3_reply_unsigned(const struct s3_reply *reply, const struct s3_endpoint *place,
                       struct store_op *op);

/* Whether an object with this ETag and size can be what `op`, an UPLOAD_COMPLETE, was to make (its
 * `length`, when given, is the size of the whole). */
bool s3_reply_is_complete(const struct store_op *op, const struct store_info *info);

#endif
