/*
 * record - writes the document of this host (catalog/deployed) after a change, and as a heartbeat.
 */
#ifndef S3DOCK_DEPLOY_RECORD_H
#define S3DOCK_DEPLOY_RECORD_H

#include <stdint.h>

#include "deploy/deploy_result.h"

struct err;
struct store;

/* Writes the document with the result of a run; `failure` is its error, or NULL. Reads the document
 * that is in the bucket first, for its events and its `since`. `heartbeat`: seconds between two
 * documents under watch; 0. Takes the time from the store's response. Fails with the store's
 * errors; callers print a warning. */
int record_result(struct store *store, const char *app, const char *env,
                  const struct deploy_result *result, const struct err *failure, int64_t heartbeat,
                  struct err *err);
/* Writes the last document of this host again with a new `seen`. Does nothing if there is none. */
int record_heartbeat(struct store *store, const char *app, const char *env, int64_t heartbeat,
                     struct err *err);

#endif
