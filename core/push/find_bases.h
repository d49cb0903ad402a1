/*
 * find_bases - the archives of the bucket that a push is compared with: which they are, and what
 * they hold.
 *
 * Looked for before the stream starts, with a few parallel requests. Nothing here can fail a push:
 * what goes wrong is logged, and the archive in question is not used.
 *
 * A base is believed as far as this goes: its metadata names the archive's ETag and the index's
 * SHA-256, and the bucket has both. That the archive holds what the index says is for sample.h.
 *
 * Memory: while searching twice `index_most`, and a few MiB of documents; afterwards at most
 * BASES_MEMORY(index_bytes).
 */
#ifndef S3DOCK_PUSH_FIND_BASES_H
#define S3DOCK_PUSH_FIND_BASES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "push/plan/bases.h"

struct find_bases_wanted {
    const struct image_name *name;
    const char *first; /* an archive key to look at in any case, or NULL */
    const struct digest_text *layers;
    unsigned layer_count;   /* diffIDs of the image, 0 when not known yet */
    uint64_t archive_least; /* smaller archives cannot be copied from */
    uint64_t index_most;    /* bytes of all their indexes together */
    bool described;         /* nothing will be copied: what metadata and index say is enough */
};

void find_bases(struct store *store, const struct find_bases_wanted *wanted, struct bases *out);
/* The very archives that an earlier push has used, in their order: all of them as they were then,
 * or out->count is 0; for that nothing need have changed: out->trouble may tell of a link that is
 * down, or of a cancel. Of `wanted` only index_most and described count. */
void find_bases_again(struct store *store, const struct find_bases_wanted *wanted,
                      const struct base *then, unsigned count, struct bases *out);

#endif
