/*
 * verify_load - checks that a daemon has the image that it was given, and nothing else.
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
    const char *manifest_id;            /* of the loaded bundle */
    const struct docker_loaded *loaded; /* the daemon's report */
    bool complete; /* layers were left out: an engine that can must confirm that it has all */
};

/* Returns the id that the image of this bundle has in the daemon. */
const char *verify_load_id(const struct docker *docker, const struct image_info *image,
                           const char *manifest_id);
/* Fails with integrity.loaded if the daemon reports another image. Then the name must lead to the
 * image, with the same id and layers; if it does not, the image gets the name. Fails with
 * docker.verify if that does not help. */
int verify_load(const struct verify_load_options *options, struct err *err);
/* Call this after a failed load: containerd's store may have given the name to an image that it
 * could not unpack. Takes the name from that image and gives it back to `before` (an id; "": none).
 */
void verify_load_undo(const struct verify_load_options *options, const char *before);
/* Gives the image `name` further names, and checks that they lead to it, and that the name still
 * leads to the image of this id. */
int verify_load_name(struct docker *docker, const char *name, const char *id,
                     const struct reference *also, unsigned count, struct err *err);

#endif
