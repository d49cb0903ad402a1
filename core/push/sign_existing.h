/*
 * sign_existing - signs the metadata of an image that the bucket had already.
 *
 * Another user may have written that metadata. So it is signed only if it states of the image what
 * this push would state: its id, its layers, its platform, and the names that daemons give to it.
 * Objects and index need no comparison: a pull proves their bytes by the image id.
 */
#ifndef S3DOCK_PUSH_SIGN_EXISTING_H
#define S3DOCK_PUSH_SIGN_EXISTING_H

#include "catalog/signing.h"
#include "push/commit_options.h"

struct err;

/* Returns 1 if this key has signed the metadata of the bucket, 0 if not. */
int sign_existing_is_done(struct signing *signing, struct store *store,
                          const struct existing_image *existing, struct err *err);
/* Signs the metadata of commit->existing. Returns 1, or 0 if its statements differ: then the image
 * must be pushed. */
int sign_existing(const struct commit *commit, struct err *err);

#endif
