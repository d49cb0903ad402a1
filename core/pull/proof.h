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

/* Before the archive is read: whether the store has the archive that the metadata names. */
int proof_of_archive(const struct metadata *metadata, const struct store_info *archive,
                     struct err *err);
/* After all of it was read and verified: whether the metadata describes that image, whose stream
 * had `raw` bytes. What the metadata does not state is not asked for. */
int proof_of_metadata(const struct metadata *metadata, const struct image_info *image, uint64_t raw,
                      struct err *err);

#endif
