/*
 * blob_store - containerd's content store, where Docker 25 and later may keep images.
 *
 *   <root>/containerd/daemon/io.containerd.content.v1.content/blobs/sha256/<digest>   its own
 *   /var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/<digest>        the system's
 *
 * An image's id is the digest of a manifest there, or of an index of several; layers are
 * compressed, as they came from a registry, or plain tars.
 */
#ifndef S3DOCK_LAYERS_BLOB_STORE_H
#define S3DOCK_LAYERS_BLOB_STORE_H

#include "layers/layer_store.h"

int blob_store_readable(const struct docker_engine *engine, struct err *err);
struct layer_store *blob_store_open(const struct layer_store_wanted *wanted, struct err *err);

#endif
