/*
 * image_list - lists the images of an application.
 */
#ifndef S3DOCK_CATALOG_IMAGE_LIST_H
#define S3DOCK_CATALOG_IMAGE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "catalog/strings.h"
#include "store/store.h"

struct err;

struct listed_image {
    const char *ref, *tag; /* "app:time-hash" and "time-hash" */
    const char *key;       /* the image key: of the archive, if it is one archive */
    char month[CLOCK_MONTH_SIZE];
    uint64_t size;  /* of the archive; format 3: of the objects that its pushes wrote */
    int64_t pushed; /* wall ns by the store's clock: when its metadata was written; 0: not known */
    /* "linux/arm/v7, linux/arm64": platforms with metadata of their own. "": there is only the
     * first platform, or none. */
    const char *further;
    /* "linux/amd64": the first platform, after image_list_platforms. "": not known, or none. */
    const char *first;
};
struct image_list {
    struct listed_image *items;
    size_t count, room;
    bool unsure; /* the list may be incomplete: the store did not confirm its end */
    struct strings strings;
};

/* Lists the images, newest first, by the time in their name. `month`: "YYYYMM", or NULL for all.
 * Archives that cannot be listed as images add a line to `warnings`. Waits. Call image_list_finish
 * after a failure, too. */
int image_list_read(struct store *store, const char *app, const char *month, struct image_list *out,
                    struct text *warnings, struct err *err);
/* Reads the first platform of each image that has further ones. Metadata that cannot be read adds a
 * line to `warnings`. Waits. */
int image_list_platforms(struct store *store, struct image_list *list, struct text *warnings,
                         struct err *err);
void image_list_finish(struct image_list *list);

#endif
