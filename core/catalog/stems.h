/*
 * stems - a listing below images/, grouped by image.
 *
 * The keys of an image begin with images/{app}/{YYYYMM}/{app}-{time}-{hash}, its stem. No key of
 * another image is between them, because a store lists keys in the order of their bytes.
 */
#ifndef S3DOCK_CATALOG_STEMS_H
#define S3DOCK_CATALOG_STEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "catalog/keys.h"
#include "store/store.h"

struct err;

/* An object with a unique number. */
struct stem_object {
    const char *key, *etag;
    char unique[KEY_UNIQUE_SIZE];
    enum data_kind kind;
    uint64_t size;
    int64_t modified; /* wall ns by the store's clock */
};

/* The metadata or the tombstone of a platform. */
struct stem_document {
    const char *key, *etag;
    char platform[PLATFORM_KEY_SIZE]; /* "": the first one */
    enum key_kind kind;               /* KEY_METADATA, KEY_RETIRED */
    uint64_t size;
    int64_t modified;
};

struct stem {
    struct image_name name;
    char month[CLOCK_MONTH_SIZE];
    struct stem_document *documents;
    struct stem_object *objects;
    unsigned document_count, object_count;
    struct store_info archive, index, claim; /* under the keys without a number */
    bool has_archive, has_index, claimed;
};

/* `stem` is lent for the call. Not 0, with err filled: the listing ends. */
typedef int stem_fn(void *arg, const struct stem *stem, struct err *err);

/* Lists `prefix` and calls `each` for each image with any object, also if its keys are in several
 * pages. *unsure: the list may be incomplete, or an image may come twice, because the store did not
 * confirm the end of the list or listed keys twice; NULL: such a list is integrity.listing. *now
 * (may be NULL): the store's time, wall ns; else that of this host. An archive with a wrong name
 * adds a line to `warnings` (may be NULL). not_found.bucket: there is no such bucket. */
int stems_each(struct store *store, const char *prefix, stem_fn *each, void *arg,
               struct text *warnings, bool *unsure, int64_t *now, struct err *err);

/* Returns the metadata or the tombstone of a platform ("": the first one); NULL: there is none. */
const struct stem_document *stem_document(const struct stem *stem, const char *platform,
                                          enum key_kind kind);
/* Returns true if an image exists: it has metadata, and an archive or an index with a number. */
bool stem_is_image(const struct stem *stem);

#endif
