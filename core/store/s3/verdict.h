/*
 * verdict - the meaning of a response.
 */
#ifndef S3DOCK_STORE_S3_VERDICT_H
#define S3DOCK_STORE_S3_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "http/retry.h"
#include "store/s3/endpoint.h"

enum s3_verdict {
    /* the op is over */
    S3_DONE,
    S3_ABSENT,
    S3_CHANGED,
    S3_SAME,
    S3_FAILED,
    /* the op needs another request; if that is impossible, it has failed with op->err */
    S3_AGAIN,   /* the same again, after a wait: `cause`, `asked` */
    S3_REGION,  /* the bucket is in `region` */
    S3_CLOCK,   /* the clocks differ: `server_time` */
    S3_ASK,     /* a HEAD was refused, which carries no reason: a GET does */
    S3_EXPIRED, /* the keys are wrong or have expired: others may help */
    S3_UNSURE,  /* it is unknown whether an UPLOAD_COMPLETE took effect */
    S3_UNSIZED, /* the response to a HEAD has no size: that to a ranged GET does */
};

struct s3_reply {
    enum s3_verdict verdict;
    enum retry_cause cause;
    int64_t asked;       /* Retry-After, ns; 0: none */
    int64_t server_time; /* wall ns, 0: unknown */
    char region[S3_REGION_SIZE];
    char host[256];     /* of a temporary redirect; "": none */
    bool bucket_exists; /* the response proves it */
    int http_status;
    char s3_code[48]; /* "SlowDown", "NotImplemented"... of a refusal; "": it has none */
};

#endif
