/*
 * layer_tar - the tar of one layer, put together from its list (tarsplit.h) and the folder that
 * holds its files.
 *
 * Files are opened beneath the folder only, must be regular and as large as the list says; they are
 * read straight into the caller's buffer.
 */
#ifndef S3DOCK_LAYERS_LAYER_TAR_H
#define S3DOCK_LAYERS_LAYER_TAR_H

#include <stdint.h>

#include "layers/layer_stream.h"

struct err;
struct cancel;

/* Takes both descriptors, also when it fails: the list (tar-split.json.gz) and the folder. */
struct layer_stream *layer_tar_open(int list, int folder, struct err *err);

/* How large the tar is, from the list alone (borrowed), which is read and checked to its end. */
int layer_tar_measure(int list, const struct cancel *cancel, uint64_t *size, struct err *err);

#endif
