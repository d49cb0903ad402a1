/*
 * tar_image_id - id, platform and layers of the image in an archive file, without reading all of
 * it.
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

struct tar_image {
    char id[DIGEST_TEXT_SIZE];
    char platform[PLATFORM_TEXT_SIZE]; /* "linux/arm64/v8"; "": not known */
    unsigned layer_count;              /* 0: not known */
    struct digest_text layers[IMAGE_LAYERS_MAX];
};

/* Returns false, with an empty image, if the file is compressed, not regular, or no image archive:
 * then it must be read. */
bool tar_image_id_read(const char *path, struct tar_image *out);

#endif
