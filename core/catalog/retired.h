/*
 * retired - images that a cleanup has retired and whose data it deletes later.
 *
 * A tombstone beside the archive announces the deletion. It is written before the metadata is
 * deleted, and contains the ETags of archive, index and metadata. While it exists, no push writes
 * under this key. So a DELETE that arrives late or twice finds no new object. A tombstone is kept
 * for a day after the last DELETE that it announced.
 */
#ifndef S3DOCK_CATALOG_RETIRED_H
#define S3DOCK_CATALOG_RETIRED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "catalog/keys.h"
#include "catalog/metadata.h"
#include "catalog/tombstone.h"
#include "store/store.h"

struct err;
struct object_refs;

/* how long a tombstone is kept after the last DELETE */
#define RETIRED_STAYS   (24 * 3600 * NS_PER_S)
#define RETIRED_AT_WORK (30 * 60 * NS_PER_S) /* how late a DELETE may arrive */

/* Writes the tombstone. `metadata` is the document that the caller will delete, with its ETag, or
 * "". Unless it has format 3, the tombstone has the ETags of archive and index, which are read. */
int retired_announce(struct store *store, const char *archive_key, struct view metadata,
                     const char *metadata_etag, struct err *err);
/* The same for the metadata of a further platform: writes the tombstone with this key. */
int retired_announce_document(struct store *store, const char *tombstone_key, struct view metadata,
                              const char *metadata_etag, struct err *err);

/* Deletes `key` if its object still has `etag`. The ETag is read right before, and is the condition
 * of the DELETE. RETIRED_CHANGED: there is another object, or none. */
enum { RETIRED_CHANGED = 1 };
int retired_delete_object(struct store *store, const char *key, const char *etag, struct err *err);

/* Deletes `key` if its object has `etag`, which the caller has just read. A store without such a
 * condition deletes any object. STORE_CHANGED: there is another object. */
enum store_answer retired_delete_if(struct store *store, const char *key, const char *etag,
                                    struct err *err);

/* Restores the metadata of a retired image, of all platforms, from its tombstones. Those of the
 * first platform are written only if no month has such metadata of this name. 0: the image exists.
 * RETIRED_GONE: there is no tombstone and no metadata, or the data of the first platform are
 * deleted. */
enum { RETIRED_GONE = 1 };
int retired_restore(struct store *store, const struct image_name *name, const char *archive_key,
                    struct err *err);

/* The same for the tombstone of a further platform. */
int retired_restore_document(struct store *store, const char *tombstone_key, struct err *err);

/* Deletes the archive and the index of a tombstone that is `age` ns old by the store's clock. The
 * caller has checked that no tag, environment or host needs the image. `refs` are of its
 * application, and are read again; NULL: no data are deleted. Leaves tombstones of format 2
 * alone. */
enum retired_answer {
    RETIRED_DELETED = 0, /* archive and index are deleted */
    RETIRED_KEPT = 1,  /* nothing was deleted: the image is in use, or the archive is another one */
    RETIRED_EMPTY = 2, /* there were no data; the tombstone is deleted if it was old */
    /* The archive is kept, because other images refer to it. The tombstone is written again, so
     * that an older program does not delete the archive either, for as long as it keeps such
     * data. */
    RETIRED_NEEDED = 3,
};
int retired_delete(struct store *store, struct object_refs *refs, const char *archive_key,
                   int64_t age, struct err *err);

#endif
