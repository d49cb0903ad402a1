/*
 * layer_store - an image in the storage of a Docker daemon on this host: its config and its layers.
 *
 * There are two kinds: graph drivers (graph_store.h) and containerd's store (blob_store.h). s3dock
 * only reads and takes no lock of the daemon. Digests detect a change in between: the config must
 * have the image id here, each layer its diffID later.
 */
#ifndef S3DOCK_LAYERS_LAYER_STORE_H
#define S3DOCK_LAYERS_LAYER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "base/json.h"
#include "layers/layer_stream.h"
#include "pack/image/image.h"

struct err;
struct cancel;
struct docker_engine;

struct stored_layer {
    char diff_id[DIGEST_TEXT_SIZE];
    uint64_t size; /* of its tar; 0: not measured */
};

struct layer_store;
struct layer_store_table {
    struct layer_stream *(*open)(struct layer_store *store, unsigned number, struct err *err);
    int (*measure)(struct layer_store *store, unsigned number, const struct cancel *cancel,
                   struct err *err);
    void (*close)(struct layer_store *store); /* frees the store, not config and layers */
};
struct layer_store {
    const struct layer_store_table *table;
    struct text config;
    char id[DIGEST_TEXT_SIZE]; /* the config's SHA-256 */
    unsigned count;
    struct stored_layer *layers; /* lowest first */
    bool others;                 /* the daemon has this image for other platforms, too */
};

struct layer_store_wanted {
    const struct docker_engine *engine;
    const char *image_id; /* as the daemon reports it */
    /* The layers that the daemon reports; NULL, 0: unknown. They select one image of several
     * platforms. */
    const struct digest_text *diff_ids;
    unsigned diff_id_count;
    /* The platform that the daemon reports. NULL: only the layers are compared. */
    const char *os, *architecture, *variant;
};

void layer_store_close(struct layer_store *store); /* takes NULL */

/* Measures the tar of a layer and stores the size in layers[number]. */
int layer_store_measure(struct layer_store *store, unsigned number, const struct cancel *cancel,
                        struct err *err);
struct layer_stream *layer_store_stream(struct layer_store *store, unsigned number,
                                        struct err *err);

/* ---- for graph_store and blob_store ---- */

/* Checks that store->config has the SHA-256 store->id, and lists its layers. */
int layer_store_list(struct layer_store *store, struct err *err);

#endif
