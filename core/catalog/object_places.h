/*
 * object_places - where the objects of an image are now.
 *
 * Metadata states the place of each object at the time of its push. Since then a push may have
 * replaced an archive, or a user may have copied the bucket.
 */
#ifndef S3DOCK_CATALOG_OBJECT_PLACES_H
#define S3DOCK_CATALOG_OBJECT_PLACES_H

#include "catalog/metadata.h"
#include "store/store.h"

struct err;

/* Fills `out` with the objects of the metadata. A replaced archive gets the key and the ETag of its
 * copy. An object of a copied bucket, which has the stated size, gets its present ETag. An object
 * that does not exist stays as the metadata states it. Formats up to 2 list no objects. Waits. */
int object_places_find(struct store *store, const struct metadata *metadata,
                       struct metadata_object out[METADATA_OBJECTS_MAX], struct err *err);

#endif
