/*
 * blob_store - containerd's content store, in which Docker 25 and later may keep images.
 *
 *   <root>/containerd/daemon/io.containerd.content.v1.content/blobs/sha256/<digest>   its own
 *   /var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/<digest>        the system's
 *
 * An image id is the digest of a manifest, or of an index of several manifests. Layers are packed,
 * as a registry sent them, or plain tars.
 */
#ifndef S3DOCK_LAYERS_BLOB_STORE_H
#define S3DOCK_LAYERS_BLOB_STORE_H

#include "layers/layer_store.h"

int blob_store_readable(const struct docker_engine *engine, struct err *err);
struct layer_store *blob_store_open(const struct layer_store_wanted *wanted, struct err *err);

#endif
