/*
 * layer_blob - the tar of one layer, unpacked from a blob: gzip (any number of members), zstd, or a
 * plain tar. The first bytes decide.
 */
#ifndef S3DOCK_LAYERS_LAYER_BLOB_H
#define S3DOCK_LAYERS_LAYER_BLOB_H

#include <stdint.h>

#include "layers/layer_stream.h"

struct err;
struct cancel;

#define LAYER_BLOB_MAX (UINT64_C(1) << 42) /* bytes of tar; a larger layer is refused */

/* Owns the descriptor from now on, even if it fails. */
struct layer_stream *layer_blob_open(int fd, struct err *err);
/* Computes the size of the tar by unpacking the whole blob. Owns the descriptor. */
int layer_blob_measure(int fd, const struct cancel *cancel, uint64_t *size, struct err *err);

#endif
