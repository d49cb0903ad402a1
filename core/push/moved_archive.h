/*
 * moved_archive - an image whose objects have other ETags than its metadata names, because the
 * bucket was copied with other parts or by other means.
 *
 * The objects are accepted if their sizes are right and a sample of the chunks of the index can be
 * read back (spot_check.h).
 */
#ifndef S3DOCK_PUSH_MOVED_ARCHIVE_H
#define S3DOCK_PUSH_MOVED_ARCHIVE_H

#include <stdbool.h>

#include "push/existing_image.h"
#include "push/plan/bases.h"
#include "store/store.h"

struct err;

/* Compares a sample of the objects, which have the right sizes, with the index. `objects`: those
 * that the numbers of `held` mean, with their present ETags. MOVED_OTHER: they contain other
 * chunks. Waits. Fails when an object cannot be read. */
enum { MOVED_OTHER = 1 };
int moved_archive_check(struct store *store, const struct base_object *objects,
                        const struct held_index *held, struct err *err);

/* Returns true if the metadata and the objects of the image differ in ETags only. */
bool moved_archive_is_likely(const struct existing_image *existing);
/* Checks the objects against the index of the metadata. If they are the right ones, `existing` is
 * whole afterwards, and its metadata has the new ETags; in the bucket, too, if `write`. Fails only
 * after a cancel; an image that cannot be checked stays as it is. Waits. */
int moved_archive_settle(struct store *store, struct existing_image *existing, bool write,
                         struct err *err);

#endif
