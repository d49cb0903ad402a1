/*
 * layer_blob - the tar of one layer, out of a blob that holds it: gzip (any number of members),
 * zstd, or the tar itself, told apart by its first bytes.
 */
#ifndef S3DOCK_LAYERS_LAYER_BLOB_H
#define S3DOCK_LAYERS_LAYER_BLOB_H

#include <stdint.h>

#include "layers/layer_stream.h"

struct err;
struct cancel;

#define LAYER_BLOB_MAX (UINT64_C(1) << 42) /* bytes of tar: more is refused */

/* Takes the descriptor, also when it fails. */
struct layer_stream *layer_blob_open(int fd, struct err *err);
/* How large the tar is: the whole blob is unpacked. Takes the descriptor. */
int layer_blob_measure(int fd, const struct cancel *cancel, uint64_t *size, struct err *err);

#endif
