/*
 * bundle_plan - the bundle of an archive that has an index, and the chunks that the bundle takes.
 *
 * The index is believed as far as the config goes: the config's bytes must have the SHA-256 that
 * the metadata calls the image id, and must name the layers that the index lists. Places and sizes
 * are proven by the layers' own digests while they stream (assembly).
 */
#ifndef S3DOCK_PULL_BUNDLE_PLAN_H
#define S3DOCK_PULL_BUNDLE_PLAN_H

#include <stdbool.h>

#include "catalog/locate.h"
#include "catalog/name.h"
#include "pack/image/bundle.h"
#include "pack/index/index.h"
#include "pull/plan/needed_chunks.h"
#include "store/store.h"

struct err;
struct partial;

struct bundle_plan_options {
    struct store *store;
    const struct image_name *name;
    const struct located *at; /* with metadata that names an index */
    const struct store_info *archive;
};

struct bundle_plan {
    struct bundle_plan_options options;
    struct index *index; /* the header, and the sections that are needed */
    struct bundle *bundle;
    struct needed_chunks *needed; /* the chunks of the layers that are sent */
    struct needed_chunks *config; /* those of the config, which are fetched to make the bundle */
    double rate; /* bytes a second while the index was fetched; 0: too few to tell */
};

/* Fetches the header of the index. Fails with not_found.index, and with integrity.index when the
 * header disagrees with the metadata, or describes an image that cannot be bundled. */
struct bundle_plan *bundle_plan_open(const struct bundle_plan_options *options, struct err *err);
/* Fetches the config and the sections of the layers, all but those that are left out (`leave_out`
 * may be NULL), and makes the bundle. `partial` (may be NULL) tells which chunks are kept already. */
int bundle_plan_make(struct bundle_plan *plan, const bool *leave_out, const struct partial *partial,
                     struct err *err);
/* Packed bytes that a pull fetches: what needed_missing counts, and the config; no chunk twice. */
uint64_t bundle_plan_missing(const struct bundle_plan *plan);
void bundle_plan_destroy(struct bundle_plan *plan); /* takes NULL */

#endif
