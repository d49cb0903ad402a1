/*
 * loaded - does the daemon have what it was given?
 */
#ifndef S3DOCK_MOVE_LOADED_H
#define S3DOCK_MOVE_LOADED_H

#include "catalog/name.h"
#include "pack/image.h"

struct err;
struct docker;

/* `whole`: layers were left out, so an engine that can tell must say that all of it is there.
 * Asks the daemon for the image by its name, which it is given where it came without one. Layers
 * must agree, and ids, except on the containerd store, where an id is the digest of a manifest.
 * docker.verify otherwise. */
int loaded_verify(struct docker *docker, const struct image_name *name,
                  const struct image_info *image, bool whole, struct err *err);

#endif
