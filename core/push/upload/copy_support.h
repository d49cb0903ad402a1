/*
 * copy_support - whether a store copies ranges between its objects: tried, and remembered in the user's
 * cache for a month, a file for each endpoint and bucket; that it may not, for a day.
 */
#ifndef S3DOCK_PUSH_UPLOAD_COPY_SUPPORT_H
#define S3DOCK_PUSH_UPLOAD_COPY_SUPPORT_H

#include <stdbool.h>

#include "store/store.h"

struct base;

enum copy_support { COPY_SUPPORT_UNKNOWN, COPY_SUPPORT_YES, COPY_SUPPORT_NO };

enum copy_support copy_support_remembered(const struct store *store);
/* Without a word when it cannot be written down: then it is found out again. `forbidden`: it would,
 * but these keys may not have it done, or not in the folder of temporary objects. */
void copy_support_remember(const struct store *store, bool can, bool forbidden);

/* What a failed op of an upload that copies says: the store cannot (or may not) do it for us, now
 * and the next time too. */
bool copy_error_is_missing(const struct store_op *op);
bool copy_error_is_forbidden(const struct store_op *op);
/* Or: this upload cannot go on with its copies, but an upload without them may. */
bool copy_error_is_no_help(const struct store_op *op);

/* Tries it, with a small object of unequal copied parts that is deleted again. `least`: of a part.
 */
enum copy_support copy_support_probe(struct store *store, const struct base *base, size_t least);

#endif
