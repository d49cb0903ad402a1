/*
 * signed_image - whether an image may be rewritten. New metadata is another document, which the
 * signatures of the former one do not prove.
 */
#ifndef S3DOCK_REWRITE_SIGNED_IMAGE_H
#define S3DOCK_REWRITE_SIGNED_IMAGE_H

#include "catalog/locate.h"
#include "catalog/signing.h"

struct err;

enum signed_image {
    SIGNED_NOT = 0,  /* it has no signatures: it is rewritten without one */
    SIGNED_AGAIN,    /* this key alone has signed the metadata: it is signed again */
    SIGNED_BY_OTHER, /* it must stay as it is; *err has the reason: conflict.signed */
};
/* Reads the signatures of an image. `signing`: the key of this command, or NULL. The signatures
 * must prove the members of at->metadata, so metadata of another writer is never signed. */
int signed_image_find(struct store *store, struct signing *signing, const struct located *at,
                      struct err *err);

#endif
