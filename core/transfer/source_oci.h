/*
 * source_oci - adds the manifest.json that an OCI archive lacks.
 *
 * The document is inserted before the trailer of the tar, when all data for it has been read. So
 * standard input and packed archives need no temporary file. All other bytes, and all other
 * archives, pass unchanged.
 */
#ifndef S3DOCK_TRANSFER_SOURCE_OCI_H
#define S3DOCK_TRANSFER_SOURCE_OCI_H

#include "transfer/source.h"

/* Takes `archive` over, also if it fails; returns NULL for a NULL. `reference` is the name of the
 * image in the document; borrowed. */
struct source *source_oci(struct source *archive, const char *reference, struct err *err);

#endif
