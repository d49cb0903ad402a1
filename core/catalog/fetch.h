/*
 * fetch - many small documents at once.
 */
#ifndef S3DOCK_CATALOG_FETCH_H
#define S3DOCK_CATALOG_FETCH_H

#include <stddef.h>

#include "store/store.h"

struct err;

#define FETCH_WIDTH        32 /* requests at once: a few round trips for a thousand documents */
#define FETCH_DOCUMENT_MAX (64 * KIB) /* as JSON_DOCUMENT: so at most 2 MiB are held */

/* One document has come, or not: `answer` STORE_DONE, STORE_ABSENT, or STORE_FAILED with `why` (of
 * this document alone). In the caller's thread, in the order of arrival. */
typedef void fetch_fn(void *arg, size_t at, enum store_answer answer, struct view text,
                      const struct err *why);

/* Waits for all. What is wrong with the network, or a cancellation, is wrong with all of them: then
 * it fails, and the rest is not reported. */
int fetch_run(struct store *store, char *const *keys, size_t count, fetch_fn *each, void *arg,
              struct err *err);

#endif
