/*
 * locate - finds the documents of an image in any month of the bucket.
 *
 * New images are stored under the month of their tag. Older clients stored them under the month of
 * the push.
 */
#ifndef S3DOCK_CATALOG_LOCATE_H
#define S3DOCK_CATALOG_LOCATE_H

#include "base/clock.h"
#include "catalog/keys.h"
#include "catalog/metadata.h"
#include "store/store.h"

struct err;

enum locate_answer { LOCATE_FOUND = 0, LOCATE_ABSENT = 1 };

struct located {
    char archive_key[KEY_MAX];
    char metadata_key[KEY_MAX];
    char metadata_etag[STORE_ETAG_MAX];
    struct metadata metadata;
    bool retired; /* the metadata comes from a tombstone; metadata_etag is "" */
};

/* Finds the metadata of an image. LOCATE_FOUND: call located_finish. LOCATE_ABSENT: no month has
 * it. `key` is the archive key of a pointer, which is tried first, or NULL. With a key, a retired
 * image is found too, while its data exist: a pointer was set to it while a cleanup retired it, and
 * the next cleanup restores it. */
int locate_image(struct store *store, const struct image_name *name, const char *key,
                 struct located *out, struct err *err);
void located_finish(struct located *located);

#endif
