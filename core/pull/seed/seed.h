/*
 * seed - an image of this host as a source of chunks for another one: its layers, where they lie
 * on this host and can be read, else the daemon's export of it.
 *
 * From the layers only those come that the other image does not find here by itself; an export
 * cannot leave anything out.
 */
#ifndef S3DOCK_PULL_SEED_SEED_H
#define S3DOCK_PULL_SEED_SEED_H

#include <stdbool.h>

#include "flow/cancel.h"
#include "pull/seed/local_images.h"
#include "transfer/source.h"

struct err;
struct docker;

struct seed_options {
    struct docker *docker;
    const struct local_image *image;
    const char (*known)[80]; /* diffIDs of layers that are not wanted */
    unsigned chunk_lookup_count;
    const struct cancel *cancel;
};

/* Its size_hint says how much there is to read. All but `known` is borrowed as long as the source
 * is there. */
struct source *seed_open(const struct seed_options *options, struct err *err);
/* Read from the layers, and so without an export. */
bool seed_is_direct(const struct source *source);

#endif
