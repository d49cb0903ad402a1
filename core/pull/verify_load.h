/*
 * verify_load - has the daemon what it was given, and nothing else?
 */
#ifndef S3DOCK_PULL_VERIFY_LOAD_H
#define S3DOCK_PULL_VERIFY_LOAD_H

#include <stdbool.h>

#include "catalog/name.h"
#include "catalog/reference.h"
#include "docker/docker.h"
#include "pack/image/image.h"

struct err;

struct verify_load_options {
    struct docker *docker;
    const struct image_name *name;
    const struct image_info *image;
    const char *manifest_id;            /* of the bundle that was loaded */
    const struct docker_loaded *loaded; /* what the daemon reports */
    bool complete; /* layers were left out: an engine that can must confirm that it has all */
};

/* The id by which the daemon knows the image of this bundle. */
const char *verify_load_id(const struct docker *docker, const struct image_info *image,
                           const char *manifest_id);
/* Fails with integrity.loaded when the daemon names an image that is not this one. Then the name
 * must lead to the image: same id, same layers. Where it leads elsewhere, the image is given the
 * name; docker.verify when that does not help. */
int verify_load(const struct verify_load_options *options, struct err *err);
/* After a load that was refused or not verified: containerd's store may have given the name to an
 * image that it could not unpack. The name is taken from it, and given back to `before` (an id; "":
 * it led nowhere). */
void verify_load_undo(const struct verify_load_options *options, const char *before);
/* Gives the image that `name` leads to further names, and looks whether they lead to it. */
int verify_load_name(struct docker *docker, const char *name, const struct reference *also,
                     unsigned count, struct err *err);

#endif
