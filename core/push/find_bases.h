/*
 * find_bases - chooses the earlier images that a push is compared with, and reads their indexes.
 *
 * It runs before the stream starts, with a few parallel requests. A failure does not fail the push:
 * it is logged, and the image is not used.
 *
 * A base is trusted as follows: its metadata names the ETags of its objects and the SHA-256 of the
 * index, and the bucket has them. spot_check.h compares the objects with the index.
 *
 * Memory: twice `index_most` and a few MiB while it runs; afterwards BASES_MEMORY(index_bytes).
 */
#ifndef S3DOCK_PUSH_FIND_BASES_H
#define S3DOCK_PUSH_FIND_BASES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "push/plan/bases.h"

struct find_bases_wanted {
    const struct image_name *name;
    const char *platform; /* "os/arch[/variant]" of the image; NULL or "": not known */
    const char *first;    /* key of metadata that is a candidate in any case, or NULL */
    const struct digest_text *layers;
    unsigned layer_count;   /* diffIDs of the image; 0: not known yet */
    bool thin;              /* chunks are referred to, not copied: only images of the app count */
    enum codec codec;       /* of the chunks that can be copied */
    uint64_t archive_least; /* smaller archives and objects cannot be copied from */
    uint64_t index_most;    /* bytes of all indexes together */
    bool unless_exists;     /* find nothing if the bucket has an image of this name and month */
    bool described;         /* nothing will be copied: the objects need not exist */
};

/* Finds the best bases of the bucket. out->count is 0 when there are none. */
void find_bases(struct store *store, const struct find_bases_wanted *wanted, struct bases *out);
/* Opens the bases that an interrupted push has used, whose objects were `then`, if the same objects
 * are found in the same order; else out->count is 0. That does not prove a change: check
 * out->trouble for network errors and a cancel. Archives of formats up to 2 are found whatever was
 * pushed since. */
void find_bases_again(struct store *store, const struct find_bases_wanted *wanted,
                      const struct base_object *then, unsigned count, struct bases *out);

#endif
