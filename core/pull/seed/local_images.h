/*
 * local_images - what the daemon has: images, and which layers need not be sent to it again.
 *
 * A layer may be left out of a load only where the engine finds it by what the load says:
 *
 *   graph drivers     by ChainID: the layer and all below it, in the same order
 *   Podman            by diffID alone
 *   containerd store  by the digest of the blob, which its API does not tell: only those of images
 *                     that are known to have come from here (published.h)
 *
 * Read once; an image that is pruned meanwhile makes the load fail, and the puller loads all of it.
 */
#ifndef S3DOCK_PULL_SEED_LOCAL_IMAGES_H
#define S3DOCK_PULL_SEED_LOCAL_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest_text.h"

struct err;
struct docker;

#define LOCAL_IMAGES_MAX 256 /* the newest ones are looked at */

struct local_image {
    char id[DIGEST_TEXT_SIZE];
    char name[256]; /* one of its names, for an export and for messages; else its id */
    uint64_t size;
    int64_t created; /* seconds since 1970 */
    unsigned layer_count;
    struct digest_text *diff_ids;
    bool whole; /* the engine says that all its blobs are there */
};

struct local_images;
/* Asks the daemon: a list and one inspect an image. */
struct local_images *local_images_create(struct docker *docker, const char *app, struct err *err);
void local_images_destroy(struct local_images *local); /* takes NULL */

/* The images, the newest first; *count of them. */
const struct local_image *local_images_list(const struct local_images *local, unsigned *count);
/* On a containerd store, whose `image` is known to have plain tars as layers, each under its
 * diffID: from now on they may be left out. */
int local_images_add_plain(struct local_images *local, const struct local_image *image,
                           struct err *err);
bool local_images_is_containerd(const struct local_images *local);
/* Whether the engine finds a layer by the digest of its blob, not by ChainID. */
bool local_images_finds_blobs(const struct local_images *local);

/* Sets has[i] for each layer that may be left out; returns how many. */
unsigned local_images_layers(const struct local_images *local, const struct digest_text *diff_ids,
                             unsigned count, bool *has);

/* How many of these layers the image has, too. */
unsigned local_images_shared(const struct local_image *image, const struct digest_text *diff_ids,
                             unsigned count);
/* The image whose content is likely nearest: of the same application, then the one that shares the
 * most layers, then the newest. NULL when the local has none. *same_app: it is of the same application.
 */
const struct local_image *local_images_closest(const struct local_images *local,
                                               const struct digest_text *diff_ids, unsigned count,
                                               bool *same_app);

/* For tests: a local that has these images (borrowed). `podman`, `containerd`: how it keeps them. */
struct local_images *local_images_in(const struct local_image *images, unsigned count,
                                     const char *app, bool podman, bool containerd,
                                     struct err *err);

#endif
