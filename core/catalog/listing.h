/*
 * listing - what the bucket holds: applications, and the images, versions and environments of one.
 *
 * What cannot be read, or is not what should lie there, is a line in `warnings` and never silently
 * left out. Each list is the caller's: free() it where there is no function for that.
 */
#ifndef S3DOCK_CATALOG_LISTING_H
#define S3DOCK_CATALOG_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "catalog/pointer.h"
#include "catalog/strings.h"
#include "store/store.h"

struct err;

struct listed_app {
    char name[NAME_APP_MAX];
};
struct listed_tag {
    const char *version;
    const char *image; /* what it leads to: "app:time-hash" */
    const char *key;
};
struct tag_list {
    struct listed_tag *items;
    size_t count;
    struct strings strings;
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
/* In the order of versions (version.h), newest first. The caller calls tag_list_finish, after a
 * failure too. */
int listing_tags(struct store *store, const char *app, struct tag_list *out, struct text *warnings,
                 struct err *err);
void tag_list_finish(struct tag_list *list);
/* A to Z. */
int listing_environments(struct store *store, const char *app, struct listed_environment **out,
                         size_t *count, struct text *warnings, struct err *err);

#endif
