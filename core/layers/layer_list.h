/*
 * layer_list - the list of a layer's pieces (tar-split.json.gz), read from its file.
 */
#ifndef S3DOCK_LAYERS_LAYER_LIST_H
#define S3DOCK_LAYERS_LAYER_LIST_H

#include <stdint.h>

#include "layers/tarsplit.h"

struct err;

struct layer_list;
/* Borrows the descriptor, which several may read at once. */
struct layer_list *layer_list_create(int fd, struct err *err);
void layer_list_destroy(struct layer_list *list); /* takes NULL */

/* The next piece: TARSPLIT_BYTES, TARSPLIT_FILE; 0 at the end, which has been checked. The piece is
 * good until the next call. */
int layer_list_next(struct layer_list *list, const struct tarsplit_piece **piece, struct err *err);
/* Bytes of tar in all pieces so far. */
uint64_t layer_list_size(const struct layer_list *list);

#endif
