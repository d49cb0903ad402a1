/*
 * layer_store - an image in the layer store of a Docker daemon on this host: its config, its
 * layers.
 *
 *   <root>/image/<driver>/imagedb/content/sha256/<image id>         the config
 *   <root>/image/<driver>/layerdb/sha256/<chain id>/diff            the layer's diffID
 *                                                  /cache-id        names its folder
 *                                                  /tar-split.json.gz
 *   <root>/<driver>/<cache id>/diff/                                its files
 *
 * Everything is only read, no lock of the daemon's is taken: what is found was either the image or
 * is found out (the config must hash to the image's id here, each layer to its diffID later).
 */
#ifndef S3DOCK_MOVE_LAYER_STORE_H
#define S3DOCK_MOVE_LAYER_STORE_H

#include <stdint.h>

#include "base/bytes.h"
#include "pack/image.h"

struct err;
struct cancel;
struct docker_engine;
struct layer_tar;

struct stored_layer {
    char diff_id[IMAGE_ID_SIZE];
    char chain[65];    /* hex digits of the chain's id */
    char cache_id[80]; /* the folder's name */
    uint64_t size;     /* of its tar; 0: not measured yet */
};

struct layer_store {
    struct text config;
    char id[IMAGE_ID_SIZE];
    unsigned count;
    struct stored_layer *layers; /* lowest first */
    int root;                    /* the daemon's folder */
    const char *driver;
    const char *folder_format; /* of a layer's folder beneath the root, %s: its cache id */
};

/* Finds the image; nothing is measured. unsupported.layers: not such a store, or it is elsewhere;
 * other failures: it cannot be read, or what it holds is not the image. */
struct layer_store *layer_store_open(const struct docker_engine *engine, const char *image_id,
                                     struct err *err);
/* How large the tar is: the layer's list is read to its end. */
int layer_store_measure(struct layer_store *store, unsigned number, const struct cancel *cancel,
                        struct err *err);
void layer_store_close(struct layer_store *store); /* takes NULL */
struct layer_tar *layer_store_tar(const struct layer_store *store, unsigned number,
                                  struct err *err);

#endif
