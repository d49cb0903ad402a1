/*
 * locate - finds an image's documents in whichever month of the bucket they lie.
 *
 * New images are filed under the month of their own tag; older clients filed them under the month
 * of the push.
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
    bool retired; /* the metadata is the one that a tombstone saved; metadata_etag is "" */
};

/* LOCATE_FOUND: *out holds the metadata (located_finish frees it). LOCATE_ABSENT: no month has any.
 * `key`: the archive key when a pointer gave it, which is looked at first, else NULL. With it an
 * image is found that is retired and whose data are there still: a pointer was set to it while a
 * cleanup retired it, and the next cleanup restores it. */
int locate_image(struct store *store, const struct image_name *name, const char *key,
                 struct located *out, struct err *err);
void located_finish(struct located *located);

#endif
