/*
 * tar_image_id - the id of the image in an archive file, without reading the whole archive.
 *
 * A plain tar on a disk can be read from header to header. The result is not verified: it serves to
 * ask whether the bucket has the image already.
 */
#ifndef S3DOCK_PUSH_TAR_IMAGE_ID_H
#define S3DOCK_PUSH_TAR_IMAGE_ID_H

#include <stdbool.h>

#include "base/digest_text.h"
#include "catalog/platform.h"
#include "pack/image/image.h"

/* Reads the id and the platform ("linux/arm64/v8") of the image. Returns false if the file is compressed, not regular, or no image
 * archive: then it must be read. */
bool tar_image_id_read(const char *path, char id[DIGEST_TEXT_SIZE],
                       char platform[PLATFORM_TEXT_SIZE]);

#endif
