/*
 * new_image - finds out in one round of requests that the bucket has no image of a name.
 */
#ifndef S3DOCK_PUSH_NEW_IMAGE_H
#define S3DOCK_PUSH_NEW_IMAGE_H

#include <stdbool.h>

#include "push/existing_image.h"

/* Asks for everything at once that existing_image_find asks for when there is no such image; for the
 * metadata of other months in a second round. Returns true, and sets *out as existing_image_find
 * does, if nothing of it exists. Otherwise, and after any error: false; call existing_image_find.
 * Waits. */
bool new_image_find(struct store *store, const struct image_name *name,
                    const struct platform *platform, struct existing_image *out);

#endif
