/*
 * layer_store - an image in the store of a Docker daemon on this host: its config, its layers.
 *
 * Two kinds: that of the graph drivers (graph_store.h), and containerd's (blob_store.h). Everything
 * is only read, no lock of the daemon's is taken: what is found was either the image or is found
 * out (the config must hash to its id here, each layer to its diffID later).
 */
#ifndef S3DOCK_LAYERS_LAYER_STORE_H
#define S3DOCK_LAYERS_LAYER_STORE_H

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
    uint64_t size; /* of its tar; 0: not measured yet */
};

struct layer_store;
struct layer_store_table {
    struct layer_stream *(*open)(struct layer_store *store, unsigned number, struct err *err);
    int (*measure)(struct layer_store *store, unsigned number, const struct cancel *cancel,
                   struct err *err);
    void (*close)(struct layer_store *store); /* frees it; config and layers are seen to */
};
struct layer_store {
    const struct layer_store_table *table;
    struct text config;
    char id[DIGEST_TEXT_SIZE]; /* the config's SHA-256 */
    unsigned count;
    struct stored_layer *layers; /* lowest first */
};

struct layer_store_wanted {
    const struct docker_engine *engine;
    const char *image_id; /* as the daemon says it */
    /* The layers that the daemon says it has; NULL, 0: not known. Of an image for several platforms
     * they tell which one is meant. */
    const struct digest_text *diff_ids;
    unsigned diff_id_count;
    /* The platform that the daemon says it has. NULL: only the layers matter. */
    const char *os, *architecture, *variant;
};

void layer_store_close(struct layer_store *store); /* takes NULL */

/* How large the layer's tar is; it is noted in the store. */
int layer_store_measure(struct layer_store *store, unsigned number, const struct cancel *cancel,
                        struct err *err);
struct layer_stream *layer_store_stream(struct layer_store *store, unsigned number,
                                        struct err *err);

/* ---- for the kinds ---- */

/* Takes store->config, which must have store->id as its SHA-256, and lists its layers. */
int layer_store_list(struct layer_store *store, struct err *err);

#endif
