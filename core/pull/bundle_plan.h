/*
 * bundle_plan - the bundle of an archive that has an index, and the chunks that the bundle needs.
 *
 * The plan trusts the index only as far as it proves itself: the config must have the SHA-256 that
 * the metadata calls the image id, and must name the layers that the index lists. Offsets and sizes
 * are proven later, by the digests of the layers (bundle_writer).
 */
#ifndef S3DOCK_PULL_BUNDLE_PLAN_H
#define S3DOCK_PULL_BUNDLE_PLAN_H

#include <stdbool.h>

#include "catalog/locate.h"
#include "catalog/name.h"
#include "pack/image/bundle.h"
#include "pack/index/index.h"
#include "pull/object_map.h"
#include "pull/plan/needed_chunks.h"
#include "store/store.h"

struct err;
struct partial;

struct bundle_plan_options {
    struct store *store;
    const struct image_name *name;
    const struct located *at;   /* with metadata that names an index */
    struct object_map *objects; /* refreshed if the config is not at the place of the metadata */
};

struct bundle_plan {
    struct bundle_plan_options options;
    struct index *index; /* with the header and the needed sections */
    struct bundle *bundle;
    struct needed_chunks *needed; /* the chunks of the layers that are sent */
    struct needed_chunks *config; /* the chunks of the config; already fetched */
    double rate;                  /* bytes a second while the index was fetched; 0: too few bytes */
};

/* Fetches the header of the index. Fails with not_found.index, or with integrity.index if the
 * header contradicts the metadata or the objects, or describes an image that cannot be bundled. */
struct bundle_plan *bundle_plan_open(const struct bundle_plan_options *options, struct err *err);
/* Fetches the config, and the sections of the layers that are not left out (`leave_out` NULL:
 * none), and makes the bundle. Marks the chunks of the partial download (may be NULL). */
int bundle_plan_make(struct bundle_plan *plan, const bool *leave_out, const struct partial *partial,
                     struct err *err);
/* Returns the packed bytes that a pull fetches: those of needed_missing and of the config, each
 * chunk once. */
uint64_t bundle_plan_missing(const struct bundle_plan *plan);
void bundle_plan_destroy(struct bundle_plan *plan); /* takes NULL */

#endif
