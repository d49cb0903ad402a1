/*
 * new_image - finds out in one round of requests that the bucket has no image of a name.
 */
#ifndef S3DOCK_PUSH_NEW_IMAGE_H
#define S3DOCK_PUSH_NEW_IMAGE_H

#include <stdbool.h>

#include "push/existing_image.h"

/* Sends at once all requests that existing_image_find sends for an image that does not exist, and
 * those for the metadata of other months in a second round. If none of the objects exists, returns
 * true and sets *out as existing_image_find does. Otherwise, and after any error, returns false:
 * call existing_image_find. Waits. */
bool new_image_find(struct store *store, const struct image_name *name,
                    const struct platform *platform, struct existing_image *out);

#endif
