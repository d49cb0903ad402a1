/*
 * graph_store - the layer store of Docker's graph drivers.
 *
 *   <root>/image/<driver>/imagedb/content/sha256/<image id>         the config
 *   <root>/image/<driver>/layerdb/sha256/<chain id>/diff            the layer's diffID
 *                                                  /cache-id        name of its folder
 *                                                  /tar-split.json.gz
 *   <root>/<driver>/<cache id>/diff/                                its files
 */
#ifndef S3DOCK_LAYERS_GRAPH_STORE_H
#define S3DOCK_LAYERS_GRAPH_STORE_H

#include <stdbool.h>

#include "layers/layer_store.h"

/* Returns true if the layout of the storage driver is known. */
bool graph_store_knows(const char *driver);
int graph_store_readable(const struct docker_engine *engine, struct err *err);
struct layer_store *graph_store_open(const struct layer_store_wanted *wanted, struct err *err);

#endif
