/*
 * tar_image_id - the id of the image in an archive file, without reading the archive.
 *
 * A plain tar on a disk can be walked from header to header. What is learnt this way was not
 * verified: it serves to ask the bucket whether it holds that image already, nothing else.
 */
#ifndef S3DOCK_PUSH_TAR_IMAGE_ID_H
#define S3DOCK_PUSH_TAR_IMAGE_ID_H

#include <stdbool.h>

#include "base/digest_text.h"
#include "pack/image/image.h"

/* False when the file cannot be walked (compressed, no regular file) or is no image archive: then
 * it must be read. */
bool tar_image_id_read(const char *path, char id[DIGEST_TEXT_SIZE]);

#endif
