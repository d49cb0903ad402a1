/*
 * listing - lists applications, and the versions and environments of an application.
 *
 * Every object that cannot be read, or that does not belong to its place, adds a line to
 * `warnings`. The caller frees the lists: free() unless there is a function for it.
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
    const char *image; /* the image that the tag leads to: "app:time-hash" */
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
    char version[NAME_VERSION_MAX]; /* of the tag that the environment leads to, or "" */
    char image[512];                /* the image that it leads to, directly or through a tag */
};

/* Lists every name with an image, a tag or an environment, A to Z. */
int listing_apps(struct store *store, struct listed_app **out, size_t *count, struct text *warnings,
                 struct err *err);
/* Lists the tags in the order of version.h, newest first. Call tag_list_finish after a failure,
 * too. */
int listing_tags(struct store *store, const char *app, struct tag_list *out, struct text *warnings,
                 struct err *err);
void tag_list_finish(struct tag_list *list);
/* Lists the environments, A to Z. */
int listing_environments(struct store *store, const char *app, struct listed_environment **out,
                         size_t *count, struct text *warnings, struct err *err);

#endif
