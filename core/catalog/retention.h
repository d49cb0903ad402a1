/*
 * retention - which images of an application may go, and how they go.
 *
 * An image that a tag or an environment leads to stays, whatever the policy says, and so does the
 * one that an environment would be rolled back to. When any tag or environment of the application
 * cannot be read, nothing may go at all.
 */
#ifndef S3DOCK_CATALOG_RETENTION_H
#define S3DOCK_CATALOG_RETENTION_H

#include <stddef.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "wire/store.h"

struct err;

struct retention_policy {
    const char *app;
    size_t keep;    /* so many of the newest stay */
    int64_t before; /* seconds since 1970: only images whose own time is earlier; INT64_MAX: all */
};

/* An image that the policy gives up. */
struct retired_image {
    struct image_name image;
    char key[KEY_MAX]; /* of the archive */
    uint64_t size;     /* of the archive, 0 when it is not there */
};

struct retention_choice {
    struct retired_image *images; /* newest first; free() them */
    size_t count;
    size_t kept;  /* images that would go if nothing led to them */
    size_t total; /* all images of the application */
};

int retention_find(struct store *store, const struct retention_policy *policy,
                   struct retention_choice *out, struct err *err);
/* Looks once more whether something leads to it. 0: it is gone; RETENTION_KEPT: something does by
 * now, and it is there as before. */
enum { RETENTION_KEPT = 1 };
int retention_remove(struct store *store, const struct retired_image *retired, struct err *err);

#endif
