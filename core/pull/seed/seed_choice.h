/*
 * seed_choice - decides whether a pull scans a local image for the chunks that it needs, and which.
 */
#ifndef S3DOCK_PULL_SEED_SEED_CHOICE_H
#define S3DOCK_PULL_SEED_SEED_CHOICE_H

#include "catalog/metadata.h"
#include "pull/plan/needed_chunks.h"
#include "pull/seed/estimate.h"
#include "pull/seed/local_images.h"
#include "pull/seed/local_layers.h"
#include "transfer/source.h"

struct cancel;
struct docker;

/* When a pull looks for chunks in local images, as the user chose. */
enum reuse { REUSE_AUTO, REUSE_ALWAYS, REUSE_NEVER };

struct seed_choice_options {
    struct docker *docker;
    const struct local_layers *local;
    const struct metadata *metadata; /* of the image that is pulled */
    const struct needed_chunks *needed;
    enum reuse reuse;
    double rate; /* of the link, bytes a second; 0: not known */
    const struct cancel *cancel;
};

#define SEED_REASON 256

struct seed_choice {
    const struct local_image *image; /* the seed; borrowed from `local`. NULL: none */
    struct source *source;           /* its bytes; owned. NULL: none */
    struct seed_estimate estimate;
    char reason[SEED_REASON]; /* why there is a seed or none, in words; or "" */
};

/* Fills *choice. A seed that cannot be read is logged and not chosen. The options are borrowed for
 * the call; docker, cancel and the local images as long as the choice exists. */
void seed_choice_make(struct seed_choice *choice, const struct seed_choice_options *options);
void seed_choice_finish(struct seed_choice *choice); /* of a zeroed one, too */

#endif
