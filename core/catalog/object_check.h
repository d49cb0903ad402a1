/*
 * object_check - whether the objects of an image exist, and stay.
 *
 * A writer of metadata calls it after the write. A cleanup announces a deletion before it reads the
 * metadata. So at least one of the two notices the other.
 */
#ifndef S3DOCK_CATALOG_OBJECT_CHECK_H
#define S3DOCK_CATALOG_OBJECT_CHECK_H

#include "catalog/keys.h"
#include "catalog/metadata.h"

struct err;
struct store;

/* Checks that each object of the metadata (format 3) has its ETag, that its index exists, and that
 * no tombstone announces the deletion of one of them. OBJECT_CHECK_LOST: *lost is the key of an
 * object that fails. Waits for one round of requests, and for a second one if there are
 * tombstones. */
enum { OBJECT_CHECK_LOST = 1 };
int object_check(struct store *store, const struct metadata *metadata, char lost[KEY_MAX],
                 struct err *err);

#endif
