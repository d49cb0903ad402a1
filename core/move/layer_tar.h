/*
 * layer_tar - the tar of one layer, put together from its list (tarsplit.h) and the folder that
 * holds its files.
 *
 * A blocking stream, read by one thread. Files are opened beneath the folder only, must be regular
 * and as large as the list says; they are read straight into the caller's buffer. That the bytes
 * are the layer's is for its diffID to prove.
 */
#ifndef S3DOCK_MOVE_LAYER_TAR_H
#define S3DOCK_MOVE_LAYER_TAR_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct cancel;

struct layer_tar;
/* Takes both descriptors, also when it fails: the list (tar-split.json.gz) and the folder. */
struct layer_tar *layer_tar_open(int list, int folder, struct err *err);
void layer_tar_close(struct layer_tar *tar); /* takes NULL */
/* Fills `out`: less than cap only at the end, or when *stop (may be NULL) is set; 0 at the end. */
long layer_tar_read(struct layer_tar *tar, uint8_t *out, size_t cap, const atomic_bool *stop,
                    struct err *err);

/* How large the tar is, from the list alone (borrowed), which is read and checked to its end. */
int layer_tar_measure(int list, const struct cancel *cancel, uint64_t *size, struct err *err);

#endif
