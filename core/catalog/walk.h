/*
 * walk - every key under a prefix, page after page.
 */
#ifndef S3DOCK_CATALOG_WALK_H
#define S3DOCK_CATALOG_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"

struct err;

#define WALK_KEYS_MAX 2000000 /* far beyond any bucket of ours; at 100 bytes a key, 200 MB */

struct walk {
    char **keys; /* owned; a common prefix ends in the delimiter */
    size_t count, room;
    bool unsure; /* the store did not say that a listing was at its end */
};

/* Adds the keys in the order of their bytes, each once. Waits. The caller finishes `walk`, which it
 * zeroed before the first use, after a failure too. */
int walk_run(struct walk *walk, struct store *store, const char *prefix, char delimiter,
             struct err *err);
/* Adds a line to `warnings` when the listing of `prefix` may lack keys. */
void walk_warn(const struct walk *walk, const char *prefix, struct text *warnings);
void walk_warn_unsure(const char *prefix, struct text *warnings);
void walk_finish(struct walk *walk);

/* store_each of a list of objects, without keeping the keys. A bucket that is not there is
 * not_found.bucket. */
int walk_each(struct store *store, struct store_op *op, store_entry_fn *each, void *arg,
              struct err *err);
/* The same for a caller that deletes or decides by the list, which therefore must be complete: an
 * `unsure` list is integrity.listing. `what` names the objects in errors. STORE_UPLOADS may be unsure. */
int walk_each_sure(struct store *store, struct store_op *op, store_entry_fn *each, void *arg,
                   const char *what, struct err *err);
/* Set the errors for a list that is absent, and for an unsure one. Both return ERR_FAIL. */
int walk_no_bucket(const struct store *store, struct err *err);
int walk_refuse_unsure(const char *prefix, struct err *err);

#endif
