/*
 * retired - images that a cleanup has taken out of use and whose data it deletes later.
 *
 * A tombstone beside the archive announces it: it is written before the metadata is deleted, and
 * says which archive, index and metadata were judged. While it is there, no push writes under this
 * key: a DELETE of the key that arrives late or twice finds nothing new. So a tombstone stays for a
 * day after the last DELETE that it announced.
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

#define RETIRED_STAYS   (24 * 3600 * NS_PER_S) /* a tombstone, after the last DELETE */
#define RETIRED_AT_WORK (30 * 60 * NS_PER_S)   /* so long a DELETE that it announces may be late */

/* Looks up archive and index, and writes the tombstone. `metadata` is the document that the caller
 * is about to delete, with its ETag, or "". */
int retired_announce(struct store *store, const char *archive_key, struct view metadata,
                     const char *metadata_etag, struct err *err);

/* Deletes `key` if its object still has `etag`. The ETag is looked up right before, and is the
 * condition of the DELETE. RETIRED_CHANGED: there is another object now, or none. */
enum { RETIRED_CHANGED = 1 };
int retired_delete_object(struct store *store, const char *key, const char *etag, struct err *err);

/* Restores the metadata of a retired image from its tombstone. Writes nothing if metadata of this
 * name exists. RETIRED_GONE: no tombstone, or its data are deleted. */
enum { RETIRED_GONE = 1 };
int retired_restore(struct store *store, const struct image_name *name, const char *archive_key,
                    struct err *err);

/* What a cleanup does with a tombstone that was written before `before` (wall ns, by the store's
 * clock). The caller knows that nothing leads to the image. */
enum retired_answer {
    RETIRED_DELETED = 0, /* archive and index are deleted by now */
    RETIRED_STANDS = 1,  /* nothing was deleted: the image is in use, or another archive is there */
    RETIRED_SWEPT = 2,   /* there were no data left; the tombstone is deleted if it was old */
};
int retired_delete(struct store *store, const char *archive_key, int64_t age, struct err *err);

#endif
