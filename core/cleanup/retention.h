/*
 * retention - chooses the images of an application that a policy does not keep, and retires them.
 *
 * Whatever the policy, an image is kept that a tag or an environment leads to, or that a rollback
 * of an environment would restore. So is an image that a host runs or would roll back to. If one of
 * these documents cannot be read, no image is retired.
 */
#ifndef S3DOCK_CLEANUP_RETENTION_H
#define S3DOCK_CLEANUP_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/image_list.h"
#include "catalog/keys.h"
#include "store/store.h"

struct err;

struct retention_policy {
    const char *app;
    size_t keep; /* number of the newest images that are kept */
    /* seconds since 1970: only images with an earlier time are retired; INT64_MAX: all */
    int64_t before;
};

/* An image that the policy does not keep. The choice owns its strings. */
struct retention_image {
    const struct listed_image *image;
    bool retired; /* set by retention_retire: the metadata is deleted, the tombstone written */
};

struct retention_choice {
    struct retention_image *images; /* newest first */
    size_t count;
    size_t kept;  /* images that are kept only because of a reference */
    size_t total; /* all images of the application */
    /* chosen images that were pushed after a kept image and have a time within a day of it */
    size_t close;
    struct image_list list;
};

/* Chooses the images. "Newest" is decided by the time in the name. Among images whose times differ
 * by less than a day, the one that was pushed later is newer, because the times depend on clocks
 * and time zones of the committers. */
int retention_find(struct store *store, const struct retention_policy *policy,
                   struct retention_choice *out, struct err *err);
/* Retires the images, several at a time. For each: write a tombstone, check references, delete the
 * metadata, check references again, and restore the metadata if the image is referenced. An image
 * that is not `retired` afterwards is unchanged, also after a failure. */
int retention_retire(struct store *store, const struct retention_policy *policy,
                     struct retention_choice *choice, struct err *err);
void retention_finish(struct retention_choice *choice);

#endif
