/*
 * commit_options - the image that a commit makes visible.
 */
#ifndef S3DOCK_PUSH_COMMIT_OPTIONS_H
#define S3DOCK_PUSH_COMMIT_OPTIONS_H

#include <stdbool.h>

#include "catalog/signing.h"
#include "push/engine.h"
#include "push/existing_image.h"

struct commit {
    struct store *store; /* all pointers are borrowed */
    const struct image_name *name;
    const char *key;                       /* of the archive */
    const char *local_id;                  /* the daemon's name of the image; "": no daemon */
    const struct existing_image *existing; /* the image that this one replaces */
    const struct push_outcome *outcome;
    struct signing *signing; /* of the metadata; NULL: it is not signed */
    bool keep_existing;      /* false: an earlier attempt has kept it already */
};

#endif
