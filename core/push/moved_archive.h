/*
 * moved_archive - archives whose ETag is not the one that their metadata says, because the bucket
 * was copied with other parts or by other means: is the archive the one of its index?
 *
 * The size must be equal, and a check of the chunks that the index names is read back (check.h).
 */
#ifndef S3DOCK_PUSH_MOVED_ARCHIVE_H
#define S3DOCK_PUSH_MOVED_ARCHIVE_H

#include <stdbool.h>

#include "push/existing_image.h"
#include "store/store.h"

struct err;
struct index;

/* Of an archive of the right size under another ETag than expected. */
enum { MOVED_OTHER = 1 };
/* Compares a check of the archive with the index. MOVED_OTHER: they differ. Fails when the archive
 * cannot be read. */
int moved_archive_check(struct store *store, const char *key, const struct store_info *archive,
                        const struct index *index, struct err *err);

/* Whether metadata and archive differ in nothing but the ETag. */
bool moved_archive_is_likely(const struct existing_image *existing);
/* Checks the archive, with the index of its metadata. When it is the one, `existing` is whole
 * afterwards and its metadata has the new ETag, in the bucket too if `write`. Not 0 only when
 * somebody wants the push to end; an archive that cannot be checked is left as it is. */
int moved_archive_settle(struct store *store, struct existing_image *existing, bool write,
                         struct err *err);

#endif
