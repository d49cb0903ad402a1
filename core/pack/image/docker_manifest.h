/*
 * docker_manifest - writes manifest.json for an archive with blobs named by digest.
 */
#ifndef S3DOCK_PACK_IMAGE_DOCKER_MANIFEST_H
#define S3DOCK_PACK_IMAGE_DOCKER_MANIFEST_H

#include "base/bytes.h"
#include "pack/image/info.h"

/* Adds the document. Of `image` only the id and the digests of the layers are read. */
void docker_manifest_write(const struct image_info *image, const char *reference, struct text *out);

#endif
