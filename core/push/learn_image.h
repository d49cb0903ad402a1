/*
 * learn_image - which image an archive holds, said in its metadata.
 *
 * The original's metadata does not say it: its archives are read once, by the first push of the
 * same name, and what was learnt is added.
 */
#ifndef S3DOCK_PUSH_LEARN_IMAGE_H
#define S3DOCK_PUSH_LEARN_IMAGE_H

#include <stdbool.h>

#include "catalog/metadata.h"
#include "pack/image/image.h"
#include "push/existing_image.h"
#include "transfer/transfer.h"

struct err;

/* Whether the archive would have to be read to know. */
bool learn_image_is_missing(const struct existing_image *existing);
/* Reads and verifies the whole archive; `existing` knows its image afterwards. An archive that is
 * damaged stays nameless: nothing is equal to it. */
int learn_image(struct store *store, const struct image_name *name,
                const struct transfer_options *transfer, struct existing_image *existing,
                struct err *err);
/* Writes what was learnt into the bucket, unless the metadata has changed meanwhile. Not to be
 * allowed to is no failure: the next push learns again. */
void learn_image_add(struct store *store, const struct existing_image *existing);

#endif
