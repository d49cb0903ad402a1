/*
 * local_images - the images of a daemon, and the layers that it can find by itself.
 *
 * A bundle may leave a layer out only if the engine finds it by the data in the bundle:
 *
 *   graph drivers     by ChainID: the layer and all layers below it, in the same order
 *   Podman            by diffID alone
 *   containerd store  by the digest of the blob, which its API does not report. So only layers of
 *                     images that came from a bucket count (plain_layers.h)
 *
 * The list is read once. If an image is deleted meanwhile, the load fails, and the pull sends all
 * layers.
 */
#ifndef S3DOCK_PULL_SEED_LOCAL_IMAGES_H
#define S3DOCK_PULL_SEED_LOCAL_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest_text.h"

struct err;
struct docker;

#define LOCAL_IMAGES_MAX 256 /* the newest ones are inspected */

struct local_image {
    char id[DIGEST_TEXT_SIZE];
    char name[256]; /* one of its names, or its id: for an export and for messages */
    uint64_t size;
    int64_t created; /* seconds since 1970 */
    unsigned layer_count;
    struct digest_text *diff_ids;
    bool whole; /* the engine confirms that all blobs exist */
};

/* How an engine finds a layer (above). */
enum layer_search { SEARCH_BY_CHAIN, SEARCH_BY_DIFF_ID, SEARCH_BY_BLOB };

struct local_images;
/* Asks the daemon for a list, and inspects each image. */
struct local_images *local_images_create(struct docker *docker, const char *app, struct err *err);
void local_images_destroy(struct local_images *local); /* takes NULL */

/* Returns the images, newest first, and their *count. */
const struct local_image *local_images_list(const struct local_images *local, unsigned *count);
/* For a containerd store: its layers are plain tars, so the digest of each is its diffID. From now
 * on they may be left out. */
int local_images_add_plain(struct local_images *local, const struct local_image *image,
                           struct err *err);
bool local_images_is_containerd(const struct local_images *local);
/* Returns true if the engine finds layers by the digest of their blob, not by ChainID. */
bool local_images_finds_blobs(const struct local_images *local);

/* Sets has[i] for each layer that may be left out. Returns their number. */
unsigned local_images_layers(const struct local_images *local, const struct digest_text *diff_ids,
                             unsigned count, bool *has);

/* Returns how many of these layers the image has. */
unsigned local_images_shared(const struct local_image *image, const struct digest_text *diff_ids,
                             unsigned count);
/* Returns the image with probably the most similar content: one of the same application first, then
 * the one that shares the most layers, then the newest. NULL: the daemon has no image. *same_app:
 * the image is of the same application. */
const struct local_image *local_images_closest(const struct local_images *local,
                                               const struct digest_text *diff_ids, unsigned count,
                                               bool *same_app);

/* The list of an engine with these images (copied), without a request: a host that is only
 * supposed. */
struct local_images *local_images_suppose(const struct local_image *images, unsigned count,
                                          const char *app, enum layer_search search,
                                          struct err *err);

#endif
