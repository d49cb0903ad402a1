/*
 * copy_object - a server-side copy of an object of any size: one request up to 5 GiB, a multipart copy
 * above.
 */
#ifndef S3DOCK_STORE_COPY_OBJECT_H
#define S3DOCK_STORE_COPY_OBJECT_H

#include <stdint.h>

#include "store/store.h"

struct err;

/* Copies `source` as it was under `info` (size, ETag) to `key`. Waits. 0 when the copy is there and
 * complete; COPY_ABSENT when the source is not. *copied gets the bytes that the server moved (may
 * be NULL). */
enum { COPY_ABSENT = 1 };
int copy_object(struct store *store, const char *source, const struct store_info *info,
                const char *key, uint64_t *copied, struct err *err);

#endif
