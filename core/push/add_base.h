/*
 * add_base - opens images of the bucket as bases of a push: reads their indexes, and asks for the
 * objects that their metadata names.
 *
 * An image that cannot be opened is logged and left out.
 */
#ifndef S3DOCK_PUSH_ADD_BASE_H
#define S3DOCK_PUSH_ADD_BASE_H

#include <stdbool.h>

#include "catalog/locate.h"
#include "push/plan/bases.h"
#include "store/store.h"

struct add_base_options {
    struct store *store;
    int codec; /* chunks of other codecs are not used; 0: all are */
    /* Chunks of smaller objects are not used. */
    uint64_t object_least;
    bool described; /* nothing will be copied: the objects need not exist */
};

/* Adds the images to `out`, in this order, as far as they can be opened, at most BASES_MAX. The
 * chunks are not entered into out->known yet. One round of parallel requests; a further one if the
 * bucket was copied. out->trouble: the first network error or cancel, which proves nothing. */
void add_bases(const struct add_base_options *options, const struct located *const *images,
               unsigned count, struct bases *out);

#endif
