/*
 * layer_tar - builds the tar of one layer from its list (tarsplit.h) and the folder with its files.
 *
 * Files are opened below the folder only. They must be regular and have the size of the list. They
 * are read directly into the caller's buffer.
 */
#ifndef S3DOCK_LAYERS_LAYER_TAR_H
#define S3DOCK_LAYERS_LAYER_TAR_H

#include <stdint.h>

#include "layers/layer_stream.h"

struct err;
struct cancel;

/* Opens the stream. Owns both descriptors, even if it fails: the list (tar-split.json.gz) and the
 * folder. */
struct layer_stream *layer_tar_open(int list, int folder, struct err *err);

/* Computes the size of the tar from the list alone (borrowed), reading and checking it to its
 * end. */
int layer_tar_measure(int list, const struct cancel *cancel, uint64_t *size, struct err *err);

#endif
