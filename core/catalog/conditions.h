/*
 * conditions - whether a bucket honours If-Match and If-None-Match on writes.
 *
 * Only then can two writers be kept from overwriting each other. Servers that do not know the
 * headers ignore them in silence, so it is tried out, once for each endpoint and bucket, and
 * remembered on this machine.
 */
#ifndef S3DOCK_CATALOG_CONDITIONS_H
#define S3DOCK_CATALOG_CONDITIONS_H

#include <stdbool.h>

struct err;
struct store;

/* *honoured gets the remembered answer, or a new one. Fails only when the bucket cannot be written
 * to at all, or not be reached. */
int conditions_find(struct store *store, bool *honoured, struct err *err);
/* Tries it out now, and remembers nothing: a throw-away object of a unique name under
 * audit/.s3dock-probe-, where writers may write; removed afterwards if that is allowed. */
int conditions_probe(struct store *store, bool *honoured, struct err *err);

#endif
