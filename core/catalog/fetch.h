/*
 * fetch - reads many small documents at the same time.
 */
#ifndef S3DOCK_CATALOG_FETCH_H
#define S3DOCK_CATALOG_FETCH_H

#include <stddef.h>

#include "store/store.h"

struct err;

#define FETCH_WIDTH        32 /* requests at a time: a few round trips for a thousand documents */
#define FETCH_DOCUMENT_MAX (64 * KIB) /* as in JSON_DOCUMENT; at most 2 MiB in all */

/* Receives one document: `answer` is STORE_DONE, STORE_ABSENT, or STORE_FAILED with `why`, an error
 * of this document alone. Called on the caller's thread, in the order of arrival. */
typedef void fetch_fn(void *arg, size_t at, enum store_answer answer, struct view text,
                      const struct err *why);

/* Reads all keys and waits. Network errors and cancellation fail the whole call; the remaining
 * documents are not reported then. */
int fetch_run(struct store *store, char *const *keys, size_t count, fetch_fn *each, void *arg,
              struct err *err);

#endif
