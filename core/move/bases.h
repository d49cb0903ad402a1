/*
 * bases - the archives of the bucket that a push is compared with: which they are, and what they
 * hold.
 *
 * Looked for before the stream starts, with a few parallel requests. Nothing here can fail a push:
 * what goes wrong is logged, and the archive in question is not used.
 */
#ifndef S3DOCK_MOVE_BASES_H
#define S3DOCK_MOVE_BASES_H

#include <stdint.h>

#include "catalog/keys.h"
#include "pack/known.h"
#include "wire/store.h"

#define BASES_MAX 4

struct base {
    char key[KEY_MAX];
    char etag[STORE_ETAG_MAX]; /* every copy is conditional on it */
    uint64_t size;
};

struct bases {
    unsigned count;
    struct base base[BASES_MAX];      /* by the number that a struct held carries */
    struct index *indexes[BASES_MAX]; /* of each, all of it */
    struct known *known;              /* NULL when count is 0 */
};

struct bases_wanted {
    const struct image_name *name;
    const char *first; /* an archive key to look at in any case, or NULL */
    const char (*layers)[80];
    unsigned layer_count;   /* diffIDs of the image, 0 when not known yet */
    uint64_t archive_least; /* smaller archives cannot be copied from */
};

void bases_find(struct store *store, const struct bases_wanted *wanted, struct bases *out);
void bases_finish(struct bases *bases);

#endif
