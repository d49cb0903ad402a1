/*
 * image_room - the disk that an image needs, and the images that can be removed for it.
 */
#ifndef S3DOCK_DEPLOY_IMAGE_ROOM_H
#define S3DOCK_DEPLOY_IMAGE_ROOM_H

#include <stdbool.h>

#include "catalog/platform.h"
#include "deploy/host.h"

struct docker;
struct err;
struct guard;
struct statement;
struct store;

/* An image of the bucket. */
struct image_room_subject {
    struct store *store;
    const struct guard *guard;      /* the demanded signatures; NULL: none */
    const struct statement *stated; /* of the environment that leads to the image; or NULL */
    struct platform platform;       /* any platform: that of the daemon */
    const struct deploy_want *want;
};
/* Reads the size of the image from the bucket, and the free space of the daemon's disk. Not known:
 * the daemon has the image, runs elsewhere, or the bucket does not have the size. trust.*: the
 * metadata are not proven as demanded; so only a holder of a key can cause images to be removed for
 * this one. */
int image_room(struct docker *docker, const struct image_room_subject *subject,
               struct deploy_room *out, struct err *err);
/* Removes the images of an application that no container has and that are older than the reference
 * `keep`. Images that the daemon does not remove are skipped. */
int image_room_prune(struct docker *docker, const char *app, const char *keep, bool dangling,
                     unsigned *count, struct err *err);

#endif
