/*
 * gather - copies the short runs of a scattered image to a new object, so that a pull needs fewer
 * ranges.
 *
 * Long runs stay where they are: the image still shares them with others.
 */
#ifndef S3DOCK_REWRITE_GATHER_H
#define S3DOCK_REWRITE_GATHER_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/locate.h"
#include "catalog/signing.h"
#include "pack/index/extent_cost.h"
#include "pack/index/index.h"
#include "store/store.h"

struct err;

struct gather_limits {
    uint64_t range; /* of the pull that is estimated */
    struct extent_limits scatter;
};

/* Twice the ranges of a whole image, and 32 more: a small image is never scattered. */
extern const struct gather_limits GATHER_LIMITS;

struct gather_cost {
    uint64_t ranges, whole; /* of the image; of a whole image with the same bytes */
};

/* Sets *scattered: no bridge keeps a pull of the image within the limits. All sections are
 * loaded. */
int gather_check(const struct index *index, const struct gather_limits *limits, bool *scattered,
                 struct gather_cost *cost, struct err *err);

struct gather_result {
    uint64_t written, copied; /* bytes; copied: by the store itself */
};

/* A scattered image. Pointers are borrowed. */
struct gather {
    struct store *store;
    struct signing *signing; /* the key of this command, or NULL */
    const struct located *at;
    const struct metadata_object *places; /* its objects (object_places.h) */
    const struct index *index;            /* all sections are loaded */
    const struct gather_limits *limits;
};

/* Writes an object for each codec of the short runs, and moves the image. Waits. Returns what
 * moved_image_run returns. */
int gather_run(const struct gather *gather, struct gather_result *result, struct err *err);

#endif
