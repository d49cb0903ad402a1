/*
 * conditions - tests whether a bucket honours If-Match and If-None-Match on writes.
 *
 * Only with them can the store keep two writers from replacing each other's document. Servers
 * without support ignore the headers silently. So the module tests each bucket of an endpoint once,
 * and keeps the result on this machine.
 */
#ifndef S3DOCK_CATALOG_CONDITIONS_H
#define S3DOCK_CATALOG_CONDITIONS_H

#include <stdbool.h>

struct err;
struct store;

/* Stores the kept result, or that of a new test, in *honoured. Fails only if the bucket cannot be
 * written or reached. */
int conditions_find(struct store *store, bool *honoured, struct err *err);
/* Tests the bucket and keeps nothing. Writes an object of a unique name under audit/.s3dock-probe-,
 * where every writer has access, and deletes it afterwards, if that is allowed. */
int conditions_probe(struct store *store, bool *honoured, struct err *err);

#endif
