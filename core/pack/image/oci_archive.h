/*
 * oci_archive - makes the manifest.json that an OCI archive lacks.
 *
 * An OCI archive has index.json and oci-layout. Docker with graph drivers reads only manifest.json;
 * with both, every daemon loads the archive. This module only chooses the image. `image` verifies
 * afterwards that all documents describe one image.
 */
#ifndef S3DOCK_PACK_IMAGE_OCI_ARCHIVE_H
#define S3DOCK_PACK_IMAGE_OCI_ARCHIVE_H

#include "base/bytes.h"
#include "pack/image/contents.h"

struct err;

/* Returns true if the sealed contents are an OCI archive without manifest.json. */
bool oci_archive_is(const struct contents *contents);
/* Writes the manifest.json of the only image of index.json, with the name `reference`. Fails with
 * usage.image if there are several images, and with integrity.image if there is none. */
int oci_archive_manifest(const struct contents *contents, const char *reference, struct text *out,
                         struct err *err);

#endif
