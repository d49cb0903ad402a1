/*
 * oci - compares the OCI documents of a save stream with manifest.json.
 *
 * containerd's store and Podman read index.json, graph drivers read manifest.json. Both must find
 * the same config and the same layers.
 *
 * For image.c only.
 */
#ifndef S3DOCK_PACK_IMAGE_OCI_H
#define S3DOCK_PACK_IMAGE_OCI_H

#include "pack/image/contents.h"
#include "pack/image/info.h"

struct err;

/* Reads index.json, if the archive has it, and the documents that it names. `info` has the
 * config's id and the layers; its names and manifest_id are filled. Fails with integrity.image
 * if the documents and manifest.json disagree, or if the index leads to a second image in the
 * archive. */
int oci_check(const struct contents *contents, struct image_info *info, struct err *err);

#endif
