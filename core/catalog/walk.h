/*
 * walk - lists all keys under a prefix, page by page.
 */
#ifndef S3DOCK_CATALOG_WALK_H
#define S3DOCK_CATALOG_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"

struct err;

#define WALK_KEYS_MAX 2000000 /* at 100 bytes a key, 200 MB */

struct walk {
    char **keys; /* owned; a common prefix ends in the delimiter */
    size_t count, room;
    bool unsure; /* the list may be incomplete: the store did not confirm its end */
};

/* Appends the keys in the order of their bytes, each once. Waits. The caller zeroes `walk` before
 * the first use, and calls walk_finish after a failure, too. */
int walk_run(struct walk *walk, struct store *store, const char *prefix, char delimiter,
             struct err *err);
/* The same for a list that the caller describes (STORE_LIST); op->server_time is the store's
 * time. */
int walk_collect(struct walk *walk, struct store *store, struct store_op *op, struct err *err);
/* Add a line to `warnings` if the listing of `prefix` may be incomplete. */
void walk_warn(const struct walk *walk, const char *prefix, struct text *warnings);
void walk_warn_unsure(const char *prefix, struct text *warnings);
void walk_finish(struct walk *walk);

/* Calls `each` for every entry of a list of objects. not_found.bucket: there is no such bucket. */
int walk_each(struct store *store, struct store_op *op, store_entry_fn *each, void *arg,
              struct err *err);
/* The same for a caller that deletes objects, or decides, by the list. An incomplete list is
 * integrity.listing, except of STORE_UPLOADS. `what` names the objects in errors. */
int walk_each_sure(struct store *store, struct store_op *op, store_entry_fn *each, void *arg,
                   const char *what, struct err *err);
/* Set the errors for a list that is absent, and for an unsure one. Both return ERR_FAIL. */
int walk_no_bucket(const struct store *store, struct err *err);
int walk_refuse_unsure(const char *prefix, struct err *err);

#endif
