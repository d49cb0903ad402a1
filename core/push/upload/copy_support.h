/*
 * copy_support - finds out whether a store copies ranges between its objects.
 *
 * The result is kept in the user's cache, in one file for each endpoint and bucket: for 30 days, or
 * for one day when the keys do not allow it.
 */
#ifndef S3DOCK_PUSH_UPLOAD_COPY_SUPPORT_H
#define S3DOCK_PUSH_UPLOAD_COPY_SUPPORT_H

#include "push/upload/copy_errors.h"
#include "store/store.h"

struct base_object;

enum copy_support { COPY_SUPPORT_UNKNOWN, COPY_SUPPORT_YES, COPY_SUPPORT_NO };

/* Reads the result from the cache. UNKNOWN: there is none, or it is too old. */
enum copy_support copy_support_remembered(const struct store *store);
/* Writes to the cache what an upload found out. COPY_FAILURE_NONE: copies work.
 * COPY_FAILURE_BASE: not known, nothing is written. Failure to write the cache is ignored; the
 * probe is repeated next time. */
void copy_support_remember(const struct store *store, enum copy_failure failure);

/* Tests it with a small object of three copied parts of different sizes, deletes that object, and
 * stores the result in the cache. `least`: the least size of a part. UNKNOWN: the store did not
 * respond. Waits. */
enum copy_support copy_support_probe(struct store *store, const struct base_object *base,
                                     size_t least);

#endif
