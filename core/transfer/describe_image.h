/*
 * describe_image - the part of an archive's metadata that describes the image it contains.
 *
 * A pure function of two values: what the save stream contained, and the metadata to complete.
 */
#ifndef S3DOCK_TRANSFER_DESCRIBE_IMAGE_H
#define S3DOCK_TRANSFER_DESCRIBE_IMAGE_H

#include "catalog/metadata.h"
#include "pack/image/image.h"

struct err;

/* Sets format, image id, engine and manifest ids, platform, layers and raw size of `out`. The other
 * members keep their values. The caller calls metadata_finish, after a failure, too. */
int describe_image(const struct image_info *image, struct metadata *out, struct err *err);

#endif
