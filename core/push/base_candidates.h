/*
 * base_candidates - finds the archives of the bucket that probably share chunks with an image.
 *
 * Failures are logged; fewer candidates are found then.
 */
#ifndef S3DOCK_PUSH_BASE_CANDIDATES_H
#define S3DOCK_PUSH_BASE_CANDIDATES_H

#include "catalog/keys.h"
#include "catalog/name.h"
#include "store/store.h"

#define BASE_CANDIDATES_MAX 16

struct base_candidates {
    unsigned count;
    char keys[BASE_CANDIDATES_MAX][KEY_MAX]; /* of archives, each once, the most promising first */
};

/* Adds an archive. Ignored if it is there already, or if the list is full. */
void base_candidates_add(struct base_candidates *candidates, const char *key);
/* Searches the bucket with a few parallel requests, and adds to `candidates`. */
void base_candidates_find(struct store *store, const struct image_name *name,
                          struct base_candidates *candidates);

#endif
