/*
 * listing - what the bucket holds: applications, and the images, versions and environments of one.
 *
 * What cannot be read, or is not what should lie there, is a line in `warnings` and never silently
 * left out. Each list is the caller's: free() it.
 */
#ifndef S3DOCK_CATALOG_LISTING_H
#define S3DOCK_CATALOG_LISTING_H

#include <stddef.h>

#include "catalog/keys.h"
#include "catalog/pointer.h"
#include "wire/store.h"

struct err;

struct listed_app {
    char name[NAME_APP_MAX];
};
struct listed_image {
    struct image_name image;
    char month[7];
    char key[KEY_MAX]; /* of the archive */
};
struct listed_tag {
    char version[NAME_VERSION_MAX];
    char image[512]; /* what it leads to: "app:time-hash" */
    char key[KEY_MAX];
};
struct listed_environment {
    char env[NAME_ENV_MAX];
    struct pointer pointer;
    char version[NAME_VERSION_MAX]; /* of the tag it leads to, or "" */
    char image[512];                /* what it leads to in the end */
};

/* A to Z: whatever has an image, a tag or an environment. */
int listing_apps(struct store *store, struct listed_app **out, size_t *count, struct text *warnings,
                 struct err *err);
/* Newest first. `month` "YYYYMM", or NULL: all of them. */
int listing_images(struct store *store, const char *app, const char *month,
                   struct listed_image **out, size_t *count, struct text *warnings,
                   struct err *err);
/* In the order of versions (version.h), newest first. */
int listing_tags(struct store *store, const char *app, struct listed_tag **out, size_t *count,
                 struct text *warnings, struct err *err);
/* A to Z. */
int listing_environments(struct store *store, const char *app, struct listed_environment **out,
                         size_t *count, struct text *warnings, struct err *err);

#endif
