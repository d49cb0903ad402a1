/*
 * oci_archive - the manifest.json that an OCI archive lacks.
 *
 * An OCI archive has index.json and oci-layout. Docker with graph drivers loads an archive by its
 * manifest.json alone; with that document in addition every engine loads it. Only the choice of the
 * image is made here. `image` proves afterwards that all documents describe one image.
 */
#ifndef S3DOCK_PACK_IMAGE_OCI_ARCHIVE_H
#define S3DOCK_PACK_IMAGE_OCI_ARCHIVE_H

#include "base/bytes.h"
#include "pack/image/contents.h"

struct err;

/* Whether these sealed contents are those of an OCI archive without manifest.json. */
bool oci_archive_is(const struct contents *contents);
/* Adds the manifest.json of the one image that index.json leads to, named `reference`. Fails with
 * usage.image when there are several, and with integrity.image when there is none. */
int oci_archive_manifest(const struct contents *contents, const char *reference, struct text *out,
                         struct err *err);

#endif
