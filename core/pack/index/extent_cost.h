/*
 * extent_cost - the ranges and bytes that a pull of an image costs, from where its chunks lie.
 *
 * A pull may fetch the bytes between two chunks, too (it bridges the gap), so that one request
 * serves both. Pure.
 */
#ifndef S3DOCK_PACK_INDEX_EXTENT_COST_H
#define S3DOCK_PACK_INDEX_EXTENT_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pack/index/index.h"
#include "pack/index/object_runs.h"

struct err;

#define EXTENT_BRIDGE_LEAST (4 * KIB)
#define EXTENT_BRIDGE_MOST  (256 * KIB)
#define EXTENT_BRIDGES      12
/* The gaps that a pull chooses from, in ascending order. */
extern const uint64_t extent_bridges[EXTENT_BRIDGES];

struct extent_cost {
    uint64_t ranges;
    uint64_t bytes; /* with the bridged gaps; each byte once */
};

/* The limits of a bridge, in relation to an image of the same bytes in one object. */
struct extent_limits {
    double ranges;  /* ranges per range of that image, */
    uint64_t spare; /* and this many more */
    double bytes;   /* bytes per byte of it */
};

/* The cost of sorted runs. gap: the longest gap that is bridged. range: the longest request. */
struct extent_cost extent_cost_of(const struct object_runs *runs, uint64_t gap, uint64_t range);
/* The cost of the sections with need[i], which must be loaded; need NULL: of all sections. */
int extent_cost(const struct index *index, const bool *need, uint64_t gap, uint64_t range,
                struct extent_cost *out, struct err *err);

/* Sets *gap to the shortest gap to bridge with which the sorted runs are within both limits:
 * EXTENT_BRIDGE_LEAST, .. EXTENT_BRIDGE_MOST. Returns false if there is none; *gap is then the
 * longest one within the limit of bytes, otherwise the least. */
bool extent_bridge_of(const struct object_runs *runs, uint64_t range,
                      const struct extent_limits *limits, uint64_t *gap);
/* The same of an index. False, and the least, also when memory is short. */
bool extent_bridge(const struct index *index, const bool *need, uint64_t range,
                   const struct extent_limits *limits, uint64_t *gap);

/* used[i]: bytes of object i that the index uses, each byte once. All sections must be loaded. */
int extent_used(const struct index *index, uint64_t used[INDEX_OBJECTS_MAX], struct err *err);

#endif
