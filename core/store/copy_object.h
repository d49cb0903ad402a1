/*
 * copy_object - lets the server copy an object of any size: one request up to 5 GiB, a multipart
 * copy above.
 */
#ifndef S3DOCK_STORE_COPY_OBJECT_H
#define S3DOCK_STORE_COPY_OBJECT_H

#include <stdint.h>

#include "store/store.h"

struct err;

/* Copies `source`, which must still have size and ETag of `info`, to `key`, and waits. Returns 0
 * when the copy is complete; COPY_ABSENT when there is no source. Adds the copied bytes to
 * *copied, which may be NULL. conflict.changed: the source was replaced. */
enum { COPY_ABSENT = 1 };
int copy_object(struct store *store, const char *source, const struct store_info *info,
                const char *key, uint64_t *copied, struct err *err);

#endif
