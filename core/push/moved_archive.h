/*
 * moved_archive - an archive whose ETag differs from its metadata, because the bucket was copied
 * with other parts or by other means.
 *
 * The archive is accepted if its size is right and a sample of the chunks of its index can be read
 * back (spot_check.h).
 */
#ifndef S3DOCK_PUSH_MOVED_ARCHIVE_H
#define S3DOCK_PUSH_MOVED_ARCHIVE_H

#include <stdbool.h>

#include "push/existing_image.h"
#include "store/store.h"

struct err;
struct index;

/* Compares a sample of the archive, which has the right size, with the index. MOVED_OTHER: the
 * archive contains other chunks. Waits. Fails when the archive cannot be read. */
enum { MOVED_OTHER = 1 };
int moved_archive_check(struct store *store, const char *key, const struct store_info *archive,
                        const struct index *index, struct err *err);

/* Returns true if metadata and archive differ in the ETag only. */
bool moved_archive_is_likely(const struct existing_image *existing);
/* Checks the archive against the index of its metadata. If it is the right one, `existing` is whole
 * afterwards, and its metadata has the new ETag; in the bucket, too, if `write`. Fails only after a
 * cancel; an archive that cannot be checked stays as it is. Waits. */
int moved_archive_settle(struct store *store, struct existing_image *existing, bool write,
                         struct err *err);

#endif
