/*
 * existing_image - the image that the bucket has under the name of a push, and its copy that is
 * kept when the push replaces it.
 */
#ifndef S3DOCK_PUSH_EXISTING_IMAGE_H
#define S3DOCK_PUSH_EXISTING_IMAGE_H

#include <stdbool.h>

#include "catalog/locate.h"
#include "store/store.h"

struct err;

struct existing_image {
    bool found;                /* there is metadata */
    bool whole;                /* and all of its objects, with their sizes and ETags */
    bool has_all;              /* and all of its objects, with their sizes; format 3 only */
    struct located at;         /* valid when found */
    struct store_info archive; /* the object under the image key; valid when has_archive */
    bool has_archive;          /* in format 3, it is none of the image's objects */
    struct store_info objects[METADATA_OBJECTS_MAX]; /* valid when has_all */
    char key[KEY_MAX]; /* the image key, or the one under which a push writes */
    /* Of the documents, as in key_document. "": the first one. Else the image must have format 3,
     * because the objects with fixed keys belong to the first platform. */
    char platform[PLATFORM_KEY_SIZE];
    char retired[STORE_ETAG_MAX]; /* ETag of the tombstone of `key`; "": there is none */
    bool going;                   /* a cleanup is about to delete the metadata */
};

/* Finds the image of this name for a platform; any platform: that of the first one. If the bucket
 * has it for other platforms only, `key` is theirs. If there is none, `key` is one without a
 * tombstone: under a retired key a late DELETE could still arrive. */
int existing_image_find(struct store *store, const struct image_name *name,
                        const struct platform *platform, struct existing_image *out,
                        struct err *err);
/* Writes the key of the metadata or the tombstone; KEY_ARCHIVE: the image key with the platform,
 * which names the push. */
int existing_image_document(const struct existing_image *existing, enum key_kind kind,
                            char out[KEY_MAX], struct err *err);
void existing_image_finish(struct existing_image *existing);

/* Returns true if the existing image is complete, and `id` is its image id or a daemon's name for
 * it. */
bool existing_image_is(const struct existing_image *existing, const char *id);

/* Returns true if the image is of format 3: its objects have keys of their own. */
bool existing_image_has_objects(const struct existing_image *existing);

/* Returns true if a push that replaces the image must keep a copy of it. */
bool existing_image_must_be_kept(const struct existing_image *existing);
/* Copies archive, index and metadata to an unused name under archive/; of an image of format 3 only
 * the metadata, whose objects stay where they are. If the store honours `conditions`, the name
 * stays unique when several pushes do so at once. Deletes nothing. */
int existing_image_keep(struct store *store, const struct image_name *name,
                        const struct existing_image *existing, bool conditions, uint64_t *copied,
                        struct err *err);

#endif
