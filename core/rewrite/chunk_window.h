/*
 * chunk_window - reads chunks of objects, with one request for those that lie one behind the other.
 */
#ifndef S3DOCK_REWRITE_CHUNK_WINDOW_H
#define S3DOCK_REWRITE_CHUNK_WINDOW_H

#include <stdint.h>

#include "base/bytes.h"
#include "catalog/metadata.h"

struct err;
struct store;

#define CHUNK_WINDOW (4 * MIB) /* longer than any chunk */

struct chunk_window {
    struct store *store;
    uint8_t *bytes;
    const struct metadata_object *object; /* whose bytes it has */
    uint64_t at, size;
};

int chunk_window_init(struct chunk_window *window, struct store *store, struct err *err);
void chunk_window_finish(struct chunk_window *window);

/* Returns the bytes of a chunk, which are valid until the next call. If the window does not have
 * them, `ahead` bytes are read from the offset on: at least `size`, and at most to the end of the
 * object. More than CHUNK_WINDOW are not read. conflict.changed: the object was replaced or
 * deleted. */
int chunk_window_read(struct chunk_window *window, const struct metadata_object *object,
                      uint64_t offset, uint32_t size, uint64_t ahead, struct view *out,
                      struct err *err);

#endif
