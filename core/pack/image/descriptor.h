/*
 * descriptor - one descriptor of an OCI document: what it says, and the blob that it leads to.
 */
#ifndef S3DOCK_PACK_IMAGE_DESCRIPTOR_H
#define S3DOCK_PACK_IMAGE_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "pack/image/contents.h"

/* Whether it leads to an attestation. No daemon takes that for an image: it decides by the
 * platform, not by the annotation. */
bool descriptor_is_attestation(struct json_node descriptor);
/* The blob of a descriptor; NULL when the archive does not hold it. */
const struct content *descriptor_blob(const struct contents *contents, struct json_node descriptor);
bool descriptor_has_size(struct json_node descriptor, uint64_t size);
/* Whether a media type is that of an index, of an image's manifest, of an image's config; the OCI's
 * or Docker's. */
bool descriptor_is_index(struct json_node type);
bool descriptor_is_manifest(struct json_node type);
bool descriptor_is_config(struct json_node type);

#endif
