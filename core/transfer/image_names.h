/*
 * image_names - checks the names in an archive against the reference of the image.
 */
#ifndef S3DOCK_TRANSFER_IMAGE_NAMES_H
#define S3DOCK_TRANSFER_IMAGE_NAMES_H

#include "pack/image/image.h"

struct err;

/* Fails with conflict.name unless all names in the archive mean `reference` ("app:tag"). */
int image_names_check(const struct image_info *info, const char *reference, struct err *err);

#endif
