/*
 * resolve - from a tag or an environment to the image it stands for.
 *
 * An environment leads to an image, or to a tag of the same application; a tag leads to an image of
 * the same application. Everything else is refused (integrity.pointer): another application's
 * image, a tag that leads to a tag (so there are no cycles), keys of any other shape.
 */
#ifndef S3DOCK_CATALOG_RESOLVE_H
#define S3DOCK_CATALOG_RESOLVE_H

#include "catalog/change.h"
#include "catalog/locate.h"
#include "catalog/pointer.h"
#include "store/store.h"

struct err;

struct resolved {
    struct image_name image;
    char archive_key[KEY_MAX];      /* where the pointer says that it is */
    char version[NAME_VERSION_MAX]; /* of the tag that it came through, or "" */
};

/* One document. not_found.tag: "tag not found: APP/VERSION". */
int resolve_tag(struct store *store, const char *app, const char *version, struct resolved *out,
                struct err *err);
/* What an environment says, a pointer that can be read: as it stands, with its ETag.
 * not_found.environment: "environment pointer not found: APP/ENV". */
int resolve_standing(struct store *store, const char *app, const char *env, struct standing *out,
                     struct err *err);
/* One or two documents. Fails as resolve_standing and resolve_tag. */
int resolve_environment(struct store *store, const char *app, const char *env, struct resolved *out,
                        struct err *err);
/* The same for a pointer that was read already; `key` is where it stands. Reads the tag it leads
 * to, if it does. */
int resolve_pointer(struct store *store, const char *key, const struct pointer *pointer,
                    struct resolved *out, struct err *err);

/* The image that a pointer of the application names without looking further: false for a tag, or
 * for anything that is not allowed. */
bool resolve_image_of(const char *app, const struct pointer *pointer, struct image_name *out);
/* The version that a pointer of an application names: false for an image. */
bool resolve_version_of(const char *app, const struct pointer *pointer,
                        char version[NAME_VERSION_MAX]);

/* Makes sure that the image is in the bucket, in whichever month: *archive_key gets where.
 * not_found.image: "image not found in S3: KEY". */
int resolve_present(struct store *store, const struct image_name *image, const char *hint_key,
                    char archive_key[KEY_MAX], struct err *err);

#endif
