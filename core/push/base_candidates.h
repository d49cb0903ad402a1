/*
 * base_candidates - finds the images of the bucket that probably share chunks with an image.
 *
 * Failures are logged; fewer candidates are found then.
 */
#ifndef S3DOCK_PUSH_BASE_CANDIDATES_H
#define S3DOCK_PUSH_BASE_CANDIDATES_H

#include "catalog/keys.h"
#include "catalog/name.h"
#include "catalog/platform.h"
#include "store/store.h"

#define BASE_CANDIDATES_MAX 16

struct base_candidates {
    unsigned count;
    char keys[BASE_CANDIDATES_MAX][KEY_MAX]; /* of metadata, each once, the most promising first */
};

/* Adds an image by the key of its metadata. Ignored if it is there already, or if the list is full.
 */
void base_candidates_add(struct base_candidates *candidates, const char *key);
/* Adds an image by its image key (docs/format.md). */
void base_candidates_add_image(struct base_candidates *candidates, const char *key);
/* Searches the bucket with a few parallel requests, and adds to `candidates`. `platform`: that of
 * the image; any platform: not known. `own`: only the newest images of the app; one round of
 * requests if the month of the name has enough of them. */
void base_candidates_find(struct store *store, const struct image_name *name,
                          const struct platform *platform, bool own,
                          struct base_candidates *candidates);

#endif
