/*
 * descriptor - reads one descriptor of an OCI document, and finds its blob.
 */
#ifndef S3DOCK_PACK_IMAGE_DESCRIPTOR_H
#define S3DOCK_PACK_IMAGE_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "pack/image/contents.h"

/* Returns true for an attestation, which daemons do not take for an image. They decide by the
 * platform, not by the annotation. */
bool descriptor_is_attestation(struct json_node descriptor);
/* Returns the blob of a descriptor, or NULL if the archive does not have it. */
const struct content *descriptor_blob(const struct contents *contents, struct json_node descriptor);
bool descriptor_has_size(struct json_node descriptor, uint64_t size);
/* Return true if a media type is that of an index, of an image's manifest, or of an image's config:
 * the OCI's or Docker's. */
bool descriptor_is_index(struct json_node type);
bool descriptor_is_manifest(struct json_node type);
bool descriptor_is_config(struct json_node type);

#endif
