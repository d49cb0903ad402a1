/*
 * source_oci - an archive as it comes, with the manifest.json that an OCI archive lacks.
 *
 * The document is put before the trailer of the tar, when all that it must say has passed. So
 * standard input and packed archives need no temporary file. All other bytes pass unchanged; every
 * other archive passes as it is.
 */
#ifndef S3DOCK_TRANSFER_SOURCE_OCI_H
#define S3DOCK_TRANSFER_SOURCE_OCI_H

#include "transfer/source.h"

/* Takes `archive`, also when it fails; passes NULL on. `reference` names the image in the document;
 * it is borrowed. */
struct source *source_oci(struct source *archive, const char *reference, struct err *err);

#endif
