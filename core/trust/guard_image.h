/*
 * guard_image - finds an image as catalog/locate does, and proves it as the policy requires.
 */
#ifndef S3DOCK_TRUST_GUARD_IMAGE_H
#define S3DOCK_TRUST_GUARD_IMAGE_H

#include "catalog/locate.h"
#include "trust/guard.h"

/* The demands on one image. Set the first members; the others are the guard's. */
struct guard_image {
    struct locate_reader reader; /* first */
    const struct guard *guard;
    const struct statement *stated; /* of the environment or version that leads to it; or NULL */
    bool proven;                    /* the signatures of the metadata were demanded, and suffice */
    char key[KEY_MAX];              /* of the last document */
    struct guarded_document last;
    struct guarded followed; /* the version, after reader.follow */
};
/* Fills *image. `guard` may be NULL. guard_image_finish must follow. */
void guard_image_init(struct guard_image *image, const struct guard *guard,
                      const struct statement *stated);
void guard_image_finish(struct guard_image *image);
/* Finds an image as locate_image does. Refuses metadata that are not signed as the policy
 * requires, and an image that `stated` does not state for its platform. */
int guard_locate(struct guard_image *image, struct store *store, const struct image_name *name,
                 const char *key, const struct platform *wanted, struct located *out,
                 struct err *err);

#endif
