/*
 * find_bases - chooses the earlier archives that a push is compared with, and reads their indexes.
 *
 * It runs before the stream starts, with a few parallel requests. A failure does not fail the push:
 * it is logged, and the archive is not used.
 *
 * A base is trusted as follows: its metadata names the ETag of the archive and the SHA-256 of the
 * index, and the bucket has both. spot_check.h compares the archive with its index.
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
    const char *first; /* key of an archive that is a candidate in any case, or NULL */
    const struct digest_text *layers;
    unsigned layer_count;   /* diffIDs of the image; 0: not known yet */
    uint64_t archive_least; /* smaller archives cannot be copied from */
    uint64_t index_most;    /* bytes of all indexes together */
    bool described;         /* nothing will be copied: the archives need not exist */
};

/* Finds the best bases of the bucket. out->count is 0 when there are none. */
void find_bases(struct store *store, const struct find_bases_wanted *wanted, struct bases *out);
/* Opens the bases that an interrupted push has used, in the same order, if all of them are
 * unchanged; else out->count is 0. That does not prove a change: check out->trouble for network
 * errors and a cancel. Of `wanted`, only index_most and described count. */
void find_bases_again(struct store *store, const struct find_bases_wanted *wanted,
                      const struct base_object *then, unsigned count, struct bases *out);

#endif
