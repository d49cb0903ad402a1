/*
 * resolve - finds the image that a tag or an environment leads to.
 *
 * An environment leads to an image or a tag of the same application; a tag leads to an image of the
 * same application. Every other target is refused (integrity.pointer): an image of another
 * application, a tag that leads to a tag (so there are no cycles), and keys of another form.
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
    char archive_key[KEY_MAX];      /* the key in the pointer */
    char version[NAME_VERSION_MAX]; /* of the tag between, or "" */
};

/* Reads one document. not_found.tag: "tag not found: APP/VERSION". */
int resolve_tag(struct store *store, const char *app, const char *version, struct resolved *out,
                struct err *err);
/* Reads the pointer of an environment, with its ETag. not_found.environment: "environment pointer
 * not found: APP/ENV". */
int resolve_current(struct store *store, const char *app, const char *env,
                    struct current_pointer *out, struct err *err);
/* Reads one or two documents. Fails like resolve_current and resolve_tag. */
int resolve_environment(struct store *store, const char *app, const char *env, struct resolved *out,
                        struct err *err);
/* The same for a pointer that was already read from `key`. Reads its tag, if it leads to one. */
int resolve_pointer(struct store *store, const char *key, const struct pointer *pointer,
                    struct resolved *out, struct err *err);

/* Sets *out if the pointer leads directly to an allowed image. Returns false for a tag and for
 * every other target. */
bool resolve_image_of(const char *app, const struct pointer *pointer, struct image_name *out);
/* Sets the version if the pointer leads to a tag. Returns false for an image. */
bool resolve_version_of(const char *app, const struct pointer *pointer,
                        char version[NAME_VERSION_MAX]);

/* Sets the image of a pointer that was read from `key`. integrity.pointer: it does not lead to an
 * image of `app`. */
int resolve_take_image(const char *app, const char *key, const struct pointer *pointer,
                       struct resolved *out, struct err *err);
/* Set not_found.tag and not_found.environment. Return ERR_FAIL. */
int resolve_no_tag(const char *app, const char *version, struct err *err);
int resolve_no_environment(const char *app, const char *env, struct err *err);

/* Checks that the image is in the bucket, in any month, with its archive or the index of its format
 * 3, and stores its image key. not_found.image: "image not found in S3: KEY". */
int resolve_present(struct store *store, const struct image_name *image, const char *hint_key,
                    char archive_key[KEY_MAX], struct err *err);

#endif
