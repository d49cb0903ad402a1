/*
 * existing_image - what the bucket already holds under the name that is being pushed, and how it is
 * kept when it is replaced.
 */
#ifndef S3DOCK_PUSH_EXISTING_IMAGE_H
#define S3DOCK_PUSH_EXISTING_IMAGE_H

#include <stdbool.h>

#include "catalog/locate.h"
#include "store/store.h"

struct err;

struct existing_image {
    bool found;                /* there is metadata */
    bool whole;                /* and the archive it speaks of, with the size it says */
    struct located at;         /* valid when found */
    struct store_info archive; /* valid when whole, or when an archive of another size is there */
    bool has_archive;
    char key[KEY_MAX];            /* where the archive is, or where a push puts it */
    char retired[STORE_ETAG_MAX]; /* ETag of the tombstone beside it; "": there is none */
    bool going;                   /* there is metadata, and a cleanup is about to delete it */
};

/* Where there is no image of this name, `key` is one without a tombstone: under a retired key a
 * DELETE may be late. */
int existing_image_find(struct store *store, const struct image_name *name,
                        struct existing_image *out, struct err *err);
void existing_image_finish(struct existing_image *existing);

/* Whether it is the very image: complete, and `id` is its image id, or what a daemon called it. */
bool existing_image_is(const struct existing_image *existing, const char *id);

/* The archive is not the one that the metadata speaks of, but a later one, whose push died before
 * its documents. What it replaced was kept before it appeared; itself it is nobody's. */
bool existing_image_is_torn(const struct existing_image *existing);

/* A push has written its metadata under existing->key: fails with conflict.removed when a cleanup
 * has retired that key meanwhile, or when the archive or the metadata are gone. */
int existing_image_stands(struct store *store, const struct existing_image *existing,
                          struct err *err);

/* Copies archive, index and metadata to a name under archive/ that nobody has used; where the store
 * honours `conditions` also when several do so at once. Nothing is deleted. */
int existing_image_keep(struct store *store, const struct image_name *name,
                        const struct existing_image *existing, bool conditions, uint64_t *copied,
                        struct err *err);

#endif
