/*
 * local_layers - the layers of an image that a daemon has already, so that the bundle leaves them
 * out.
 */
#ifndef S3DOCK_PULL_SEED_LOCAL_LAYERS_H
#define S3DOCK_PULL_SEED_LOCAL_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/metadata.h"
#include "pack/image/image.h"
#include "pack/index/index.h"
#include "pull/seed/local_images.h"
#include "store/store.h"

struct err;
struct docker;

struct local_layers_options {
    struct store *store;
    struct docker *docker;
    const char *app; /* application of the image */
    const struct metadata *metadata;
    const struct image_info *image; /* from the index; its layers are those of the metadata */
};

struct local_layers {
    struct local_images *images; /* all images of the daemon */
    bool has[IMAGE_LAYERS_MAX];  /* the bundle leaves this layer out */
    unsigned has_count;
};

/* Asks the daemon for its images and, for containerd's store, the bucket for their metadata. The
 * options are borrowed for the call only. NULL: no memory, or cancelled. */
struct local_layers *local_layers_find(const struct local_layers_options *options, struct err *err);
void local_layers_destroy(struct local_layers *local); /* takes NULL */
/* Packed bytes of the layers that are left out. */
uint64_t local_layers_size(const struct local_layers *local, const struct index *index);

#endif
