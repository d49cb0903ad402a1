/*
 * plain_layers - which images of a containerd store have their layers as plain tars.
 *
 * That store finds a layer by the digest of the blob that a manifest names, and its API does not
 * list blobs. But an image that was pulled from a bucket got them as plain tars, each under its
 * diffID: then its id is the manifest that the bucket's metadata speaks of.
 */
#ifndef S3DOCK_PULL_SEED_PLAIN_LAYERS_H
#define S3DOCK_PULL_SEED_PLAIN_LAYERS_H

#include "base/digest_text.h"
#include "pull/seed/local_images.h"
#include "store/store.h"

/* Looks up the newest images of the local that share layers with these and are whole, and adds those
 * that prove to be plain. One request each, PLAIN_LAYERS_MAX at most. A failure of the store costs
 * only what could have been left out; so it fails only for want of memory, or when cancelled. */
#define PLAIN_LAYERS_MAX 4
int plain_layers_add(struct local_images *local, struct store *store,
                     const struct digest_text *diff_ids, unsigned count, struct err *err);

#endif
