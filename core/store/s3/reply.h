/*
 * reply - reads the response to an op's request. Pure.
 *
 * The HTTP status alone does not decide. A 200 may carry an error. A 404 may mean the key, the
 * upload or the bucket. A 403 may mean a wrong clock, a 400 a wrong region. And the response may
 * come from a proxy or from a login page.
 */
#ifndef S3DOCK_STORE_S3_REPLY_H
#define S3DOCK_STORE_S3_REPLY_H

#include <stdbool.h>

#include "http/client.h"
#include "store/s3/endpoint.h"
#include "store/s3/verdict.h"
#include "store/store.h"

#define S3_REPLY_MAX (8 * 1024 * 1024) /* of a document: 1000 entries with long, escaped keys */

/* Reads `answer` into the lower half of `op`: info, upload_id, *page; for every verdict but the
 * first three also err and failure. */
void s3_reply_read(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                   const struct http_answer *answer);

/* For a request without a signature: changes an error of rights to auth.unsigned, whose text is
 * about the missing credentials. */
void s3_reply_unsigned(const struct s3_reply *reply, const struct s3_endpoint *place,
                       struct store_op *op);

/* Returns true if an object with this ETag and size can be the result of `op`, an UPLOAD_COMPLETE,
 * whose `length`, if any, is the size of the whole. */
bool s3_reply_is_complete(const struct store_op *op, const struct store_info *info);

#endif
