/*
 * seed - reads a local image as a source of chunks for another image.
 *
 * The source reads the image's layers if this host can read them, otherwise an export of the
 * daemon. A scan of layers can skip some of them; an export cannot.
 */
#ifndef S3DOCK_PULL_SEED_SEED_H
#define S3DOCK_PULL_SEED_SEED_H

#include <stdbool.h>

#include "base/digest_text.h"
#include "flow/cancel.h"
#include "pull/seed/local_images.h"
#include "transfer/source.h"

struct err;
struct docker;

struct seed_options {
    struct docker *docker;
    const struct local_image *image;
    const struct digest_text
        *skip; /* diffIDs of layers that are not needed; borrowed for the call only */
    unsigned skip_count;
    const struct cancel *cancel;
};

/* The source's size_hint is the number of bytes to read. `skip` is borrowed for the call, all else
 * as long as the source exists. */
struct source *seed_open(const struct seed_options *options, struct err *err);
/* Returns true if the source reads layers, without an export. */
bool seed_is_direct(const struct source *source);

#endif
