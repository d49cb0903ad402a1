/*
 * open_layers - opens an image in the storage of a Docker daemon on this host.
 */
#ifndef S3DOCK_LAYERS_OPEN_LAYERS_H
#define S3DOCK_LAYERS_OPEN_LAYERS_H

#include "layers/layer_store.h"

/* Finds the image; measures nothing. Fails with unsupported.layers when the daemon has no such
 * store or is on another host. Other failures: the store cannot be read, or it does not hold the
 * image. The caller closes the result with layer_store_close. */
struct layer_store *open_layers(const struct layer_store_wanted *wanted, struct err *err);
/* Checks whether images of the daemon can be read, as far as this is known without an image. Fails
 * as open_layers; the hint names the users who can read them. */
int open_layers_readable(const struct docker_engine *engine, struct err *err);

#endif
