/*
 * plain_layers - finds the images of a containerd store whose layers are plain tars.
 *
 * That store finds a layer by the digest of its blob, and its API does not list blobs. But an image
 * that was pulled from a bucket has plain tars, whose digests are their diffIDs. Such an image has
 * the id that the metadata in the bucket calls the manifest id.
 */
#ifndef S3DOCK_PULL_SEED_PLAIN_LAYERS_H
#define S3DOCK_PULL_SEED_PLAIN_LAYERS_H

#include "base/digest_text.h"
#include "catalog/platform.h"
#include "pull/seed/local_images.h"
#include "store/store.h"

/* Looks up the newest complete images that share layers with these in the bucket, with one request
 * for each, at most PLAIN_LAYERS_MAX, for the platform of the image that is pulled. Adds the layers
 * of those that are plain. If the store fails, more layers are sent; so this fails only if memory
 * is short or the pull is cancelled. */
#define PLAIN_LAYERS_MAX 4
int plain_layers_add(struct local_images *local, struct store *store,
                     const struct platform *platform, const struct digest_text *diff_ids,
                     unsigned count, struct err *err);

#endif
