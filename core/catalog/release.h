/*
 * release - what is done with images in the bucket: they are given a version, promoted to an
 * environment, and taken back.
 *
 * Each of them sets one document (change.h) and then writes down who did it (audit.h). The change
 * is what counts: when only the writing down fails, the change stands, and the result says so.
 *
 * Somebody who changes the same document at the same moment is not overwritten: conflict.changed.
 */
#ifndef S3DOCK_CATALOG_RELEASE_H
#define S3DOCK_CATALOG_RELEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "catalog/audit.h"
#include "catalog/keys.h"
#include "store/store.h"

struct release_options {
    struct store *store;
    struct audit_identity by;
    int64_t now; /* wall time of the change, ns */
    bool force;  /* a tag that is there already may be moved */
    bool dry_run;
};

struct release_result {
    char key[KEY_MAX];              /* of the document */
    struct image_name image;        /* what it leads to now */
    char version[NAME_VERSION_MAX]; /* through this tag, or "" */
    char previous[KEY_MAX];         /* target_path before, or "": there was none, or no sound one */
    bool skipped;                   /* it said so already: nothing was written, nothing audited */
    bool atomic;                    /* the store itself kept others from writing in between */
    bool audited;
    struct err why_not_audited; /* when a change was made and it is not */
};

/* conflict.tag when the version is another image's already, unless forced. */
int release_tag(const struct release_options *options, const struct image_name *image,
                const char *version, struct release_result *result, struct err *err);
int release_promote_image(const struct release_options *options, const struct image_name *image,
                          const char *env, struct release_result *result, struct err *err);
int release_promote_tag(const struct release_options *options, const char *app, const char *version,
                        const char *env, struct release_result *result, struct err *err);
/* To what the environment was before the newest promotion that has not been taken back yet, as the
 * audit log tells. not_found.previous: there is none; conflict.history: the log does not tell how
 * the environment came to what it is now. */
int release_rollback(const struct release_options *options, const char *app, const char *env,
                     struct release_result *result, struct err *err);

#endif
