/*
 * record - writes the document of this host (catalog/deployed) after a change, and as a heartbeat.
 *
 * A host has the right to read, and to write below deployments/ only. Without that right a
 * deployment works, but the bucket does not show it: callers warn and continue. A note in the state
 * folder keeps the refusal for a day. Until then neither warnings nor requests are repeated.
 */
#ifndef S3DOCK_DEPLOY_RECORD_H
#define S3DOCK_DEPLOY_RECORD_H

#include <stdint.h>

#include "deploy/deploy_result.h"

struct err;
struct store;

#define RECORD_WRITTEN 0
#define RECORD_KNOWN                                                                               \
    1                    /* not written, and nothing to warn about: refused, and that is noted; or
                            nothing changed, and the document was written within a day */
#define RECORD_NOTHING 2 /* a heartbeat of a host without a document */

struct record_options {
    struct store *store; /* NULL, of a rollback without a bucket: RECORD_KNOWN */
    const char *app, *env;
    const char *state_folder; /* NULL: the usual one */
    int64_t heartbeat;        /* seconds between two documents under watch; 0 */
    const char *version;      /* of s3dock */
    const char *host_name;    /* tests; NULL: that of the system */
    const char *id_file;      /* tests; NULL: /etc/machine-id */
};

/* Writes the document with the result of a run; `failure` is its error, or NULL. Reads the document
 * that is in the bucket first, for its events and its `since`. Takes the time from the store's
 * response. Returns RECORD_WRITTEN, RECORD_KNOWN, or fails with the store's errors: callers print a
 * warning. auth.denied, or local.permission of a folder: the right is missing; noted. */
int record_result(const struct record_options *options, const struct deploy_result *result,
                  const struct err *failure, struct err *err);
/* Writes the last document of this host again with a new `seen`. Sends nothing for a day after a
 * refusal: RECORD_KNOWN. */
int record_heartbeat(const struct record_options *options, struct err *err);

#endif
