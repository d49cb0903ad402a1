/*
 * oci - the OCI documents of a save stream, held against what manifest.json says.
 *
 * containerd's store and Podman read index.json, graph drivers manifest.json: both must be led to
 * the same config and the same layers.
 *
 * For image.c only.
 */
#ifndef S3DOCK_PACK_IMAGE_OCI_H
#define S3DOCK_PACK_IMAGE_OCI_H

#include "pack/image/contents.h"
#include "pack/image/info.h"

struct err;

/* Reads index.json, if it is there, and all that it leads to. `info` has the config's id and the
 * layers already; fills its names and manifest_id. Fails with integrity.image where the documents
 * and manifest.json disagree, or where the index leads to a second image that is in the archive. */
int oci_check(const struct contents *contents, struct image_info *info, struct err *err);

#endif
