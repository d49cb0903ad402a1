/*
 * learn_image - finds out which image an archive contains, if its metadata does not name the image.
 *
 * Metadata of the original program does not name the image. The first push of the same name reads
 * the archive once, and adds the description of the image to the metadata.
 */
#ifndef S3DOCK_PUSH_LEARN_IMAGE_H
#define S3DOCK_PUSH_LEARN_IMAGE_H

#include <stdbool.h>

#include "catalog/metadata.h"
#include "pack/image/image.h"
#include "push/existing_image.h"
#include "transfer/transfer.h"

struct err;

/* Returns true if the archive would have to be read. */
bool learn_image_is_missing(const struct existing_image *existing);
/* Reads and verifies the whole archive, and completes existing->at.metadata. Waits. A damaged
 * archive is no failure: its metadata stays without an image. */
int learn_image(struct store *store, const struct image_name *name,
                const struct transfer_options *transfer, struct existing_image *existing,
                struct err *err);
/* Writes the completed metadata to the bucket, unless it has changed meanwhile. No write
 * permission is not an error; the next push determines the id again. */
void learn_image_add(struct store *store, const struct existing_image *existing);

#endif
