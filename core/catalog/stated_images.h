/*
 * stated_images - the image ids that a signed tag or environment states: one for each platform of
 * its reference, as they are now.
 */
#ifndef S3DOCK_CATALOG_STATED_IMAGES_H
#define S3DOCK_CATALOG_STATED_IMAGES_H

#include "catalog/name.h"
#include "catalog/statement.h"
#include "store/store.h"

struct err;
struct locate_reader;

/* Reads the metadata of all platforms of an image and sets the images of the statement.
 * `archive_key` is the image key of a pointer, or NULL. `reader` proves each of them; NULL: nothing
 * is demanded. not_found.image; unsupported.statement: metadata has no image id, because the
 * original wrote it. */
int stated_images_read(struct locate_reader *reader, struct store *store,
                       const struct image_name *image, const char *archive_key,
                       struct statement *out, struct err *err);

#endif
