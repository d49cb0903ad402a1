/*
 * retention - which images of an application a policy gives up, and how they are retired.
 *
 * An image that a tag or an environment leads to stays, whatever the policy says, and so does the
 * one that an environment would be rolled back to. When any of that cannot be read, no image goes.
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
    size_t keep;    /* so many of the newest stay */
    int64_t before; /* seconds since 1970: only images whose own time is earlier; INT64_MAX: all */
};

/* An image that the policy gives up. Its strings are the choice's. */
struct retention_image {
    const struct listed_image *image;
    bool retired; /* retention_retire: its metadata is deleted, and a tombstone is there */
};

struct retention_choice {
    struct retention_image *images; /* newest first */
    size_t count;
    size_t kept;  /* images that would go if nothing led to them */
    size_t total; /* all images of the application */
    size_t close; /* of those that go: pushed later than one that stays, within a day of its time */
    struct image_list list;
};

/* Newest means: by the time in the name; of images whose times differ by less than a day, the one
 * that was pushed later, because the times are of the clocks and zones of the committers. */
int retention_find(struct store *store, const struct retention_policy *policy,
                   struct retention_choice *out, struct err *err);
/* Retires the images, several at a time. Each is announced by a tombstone, then it is looked
 * whether something leads to it, then its metadata is deleted, and then it is looked again: an
 * image that something leads to by then gets its metadata back. An image that is not `retired`
 * afterwards is as it was. On failure, too. */
int retention_retire(struct store *store, const struct retention_policy *policy,
                     struct retention_choice *choice, struct err *err);
void retention_finish(struct retention_choice *choice);

#endif
