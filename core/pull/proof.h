/*
 * proof - compares the metadata of an image with the archive that was read.
 */
#ifndef S3DOCK_PULL_PROOF_H
#define S3DOCK_PULL_PROOF_H

#include <stdint.h>

#include "catalog/metadata.h"
#include "pack/image/image.h"
#include "store/store.h"

struct err;

/* Before the archive is read: fails with integrity.etag if its ETag differs from the metadata. */
int proof_of_archive(const struct metadata *metadata, const struct store_info *archive,
                     struct err *err);
/* Call this after the whole archive was read and verified. Fails if the metadata describes another
 * image, or a save stream of other than `raw` bytes. Values that the metadata lacks are not
 * compared. */
int proof_of_metadata(const struct metadata *metadata, const struct image_info *image, uint64_t raw,
                      struct err *err);

#endif
