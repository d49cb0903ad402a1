/*
 * source_layers - an image as a save stream, read from Docker's layer store on this host, in the
 * one canonical form (bundle.h): without the copy that an export makes first, and without the
 * daemon.
 */
#ifndef S3DOCK_MOVE_SOURCE_LAYERS_H
#define S3DOCK_MOVE_SOURCE_LAYERS_H

#include <stdint.h>

#include "move/source.h"

struct docker_engine;

/* `image_id` as the daemon says it, `reference` the name it is to have ("app:tag"), `mtime` that of
 * the entries. Its kind is "layers" and its size is known exactly. Fails when the store cannot be
 * read (layer_store.h); nothing is kept of what was given. */
struct source *source_layers(const struct docker_engine *engine, const char *image_id,
                             const char *reference, int64_t mtime, const struct cancel *cancel,
                             struct err *err);

#endif
