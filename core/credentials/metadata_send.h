/*
 * metadata_send - sends a request to a metadata service of the host, and repeats it.
 */
#ifndef S3DOCK_CREDENTIALS_METADATA_SEND_H
#define S3DOCK_CREDENTIALS_METADATA_SEND_H

#include <stdbool.h>

#include "aws/system.h"

struct err;

struct metadata_tries {
    const char *name; /* of the request, for the log: a URL can be a secret */
    unsigned most;    /* tries in all, at least 1 */
    int64_t pause;    /* ns before the next try */
    bool any_failure; /* repeats after a missing response, too */
};

/* Sends the request until there is a response with another status than 429 and 5xx, or all tries
 * are used. Returns the result of the last try. A cancel is WEB_BROKEN with ERR_CANCELLED. */
enum web_result metadata_send(const struct aws_system *system, const struct web_request *request,
                              const struct metadata_tries *tries, struct web_answer *answer,
                              struct err *err);

#endif
