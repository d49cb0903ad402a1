/*
 * layer_list - reads the pieces of a layer from the file tar-split.json.gz.
 */
#ifndef S3DOCK_LAYERS_LAYER_LIST_H
#define S3DOCK_LAYERS_LAYER_LIST_H

#include <stdint.h>

#include "layers/tarsplit.h"

struct err;

struct layer_list;
/* Borrows the descriptor. Several lists may read it at the same time. */
struct layer_list *layer_list_create(int fd, struct err *err);
void layer_list_destroy(struct layer_list *list); /* takes NULL */

/* Reads the next piece. Returns TARSPLIT_BYTES, TARSPLIT_FILE, or 0 at the verified end. The
 * piece is valid until the next call. */
int layer_list_next(struct layer_list *list, const struct tarsplit_piece **piece, struct err *err);
/* Returns the tar bytes of all pieces so far. */
uint64_t layer_list_size(const struct layer_list *list);

#endif
