/*
 * early_bases - finds the bases of a thin push while the push still looks for its image.
 *
 * Both need several rounds of requests, one after the other. Started when the layers of the image
 * are known; the result is taken when the push needs it.
 */
#ifndef S3DOCK_PUSH_EARLY_BASES_H
#define S3DOCK_PUSH_EARLY_BASES_H

#include "push/find_bases.h"
#include "store/store.h"

/* Starts the search in a thread. Strings and layers of `wanted` are borrowed until the destruction.
 * Of an image that the bucket has already, nothing is found. NULL: it could not be started. */
struct early_bases *early_bases_start(struct store *store, const struct find_bases_wanted *wanted);
/* Waits for the search, and moves what it has found to `out`. False, once and for all later calls:
 * nothing; search again. Takes NULL. */
bool early_bases_take(struct early_bases *early, struct bases *out);
void early_bases_destroy(struct early_bases *early); /* takes NULL; waits */

#endif
