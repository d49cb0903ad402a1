/*
 * source_layers - reads an image from Docker's layer store on this host as a save stream in
 * canonical form (bundle.h), without an export of the daemon.
 */
#ifndef S3DOCK_TRANSFER_SOURCE_LAYERS_H
#define S3DOCK_TRANSFER_SOURCE_LAYERS_H

#include <stdint.h>

#include "base/digest_text.h"
#include "layers/layer_store.h"
#include "pack/index/index.h"
#include "pack/index/skippable_layers.h"
#include "transfer/source.h"

struct docker_engine;

/* The time of all entries of the archive. It is constant, so that archives with the same lowest
 * layers begin with the same bytes (docs/format.md). */
#define SOURCE_LAYERS_TIME 0

struct source_layers_options {
    struct layer_store_wanted image;
    const char *reference; /* the name of the image in the stream: "app:tag" */
    /* Of archives that hold layers of it, by the number of the base (held_count 0: none): those are
     * neither measured nor, behind `lead`, read (skippable_layers.h). Borrowed for the life of the
     * source. `params`: how the stream will be cut. */
    const struct held_index *held;
    unsigned held_count;
    uint64_t lead;
    struct chunk_params params;
    const struct digest_text *without; /* diffIDs of layers that are left out */
    unsigned without_count;
    const struct cancel *cancel;
};

/* The size_hint of the source is exact. Fails if the store cannot be read (layer_store.h). */
struct source *source_layers(const struct source_layers_options *options, struct err *err);

#endif
