/*
 * locate - finds the documents of an image in any month of the bucket, for a platform.
 *
 * New images are stored under the month of their tag. Older clients stored them under the month of
 * the push. The first platform has the metadata beside the archive; each other platform has
 * metadata of its own. Metadata without a platform, as the original writes it, fits every platform.
 */
#ifndef S3DOCK_CATALOG_LOCATE_H
#define S3DOCK_CATALOG_LOCATE_H

#include "base/clock.h"
#include "catalog/keys.h"
#include "catalog/metadata.h"
#include "catalog/platform.h"
#include "store/store.h"

struct err;

enum locate_answer {
    LOCATE_FOUND = 0,
    LOCATE_ABSENT = 1, /* no month has the image */
    LOCATE_OTHER = 2,  /* the image exists for other platforms only */
};

#define LOCATE_OTHERS_SIZE 256

struct located {
    char archive_key[KEY_MAX]; /* the image key, whether an archive is there or not; with
                                  LOCATE_OTHER, too */
    char metadata_key[KEY_MAX];
    char metadata_etag[STORE_ETAG_MAX];
    struct metadata metadata;
    struct platform platform; /* of the metadata, in normal form; os "": it states none */
    bool retired;             /* the metadata comes from a tombstone; metadata_etag is "" */

    /* LOCATE_OTHER: "linux/amd64, linux/arm64", cut with "..." if it is too long */
    char others[LOCATE_OTHERS_SIZE];
    unsigned other_count;
};

/* How the documents of images are read, for a caller that demands proofs of them. */
struct locate_reader {
    /* Reads the document of a key as store_get_document does, with what proves it. */
    enum store_answer (*get)(struct locate_reader *reader, struct store *store, const char *key,
                             struct text *out, char etag[STORE_ETAG_MAX], struct err *err);
    /* Takes a document of `key` that a tombstone holds, instead of `get`. */
    int (*take)(struct locate_reader *reader, struct store *store, const char *key,
                struct view document, struct err *err);
    /* Refuses the image that was found, if its document is not proven. That is the last one that
     * `get` or `take` has read. */
    int (*judge)(struct locate_reader *reader, const struct located *found, struct err *err);
    /* Proves a version that leads to the image of the next call. The statement of the version must
     * name this image. */
    int (*follow)(struct locate_reader *reader, struct store *store, const char *app,
                  const char *version, struct err *err);
    /* Returns 1 if a permitted signer has signed the document of a version or an environment, else
     * 0. */
    int (*is_signed)(struct locate_reader *reader, struct store *store, const char *key,
                     struct view document, struct err *err);
};

/* Finds the metadata of an image for the platform `wanted`; NULL: for the first platform.
 * LOCATE_FOUND: call located_finish. `key` is the image key of a pointer, which is tried first, or
 * NULL. With a key, a retired image is found too, while its data exist, and so is a platform that
 * is retired alone: a pointer was set to the image while a cleanup retired it, and the next cleanup
 * restores it. */
int locate_image(struct store *store, const struct image_name *name, const char *key,
                 const struct platform *wanted, struct located *out, struct err *err);
/* The same, and reads each document with `reader` (NULL: as locate_image). */
int locate_image_with(struct locate_reader *reader, struct store *store,
                      const struct image_name *name, const char *key, const struct platform *wanted,
                      struct located *out, struct err *err);
/* Sets not_found.image, or not_found.platform with the platforms that exist, for a search that did
 * not find the image. Returns ERR_FAIL. */
int locate_refuse(const struct store *store, const struct image_name *name,
                  const struct platform *wanted, const struct located *at, struct err *err);
/* Lists the platforms of an image, the first one first; it is any platform if its metadata states
 * none. Of a retired image, those that are retired count, too. LOCATE_ABSENT: there is no image.
 * `key` as for locate_image. unsupported.platforms: it has more than LOCATE_PLATFORMS_MAX. */
#define LOCATE_PLATFORMS_MAX 64
int locate_platforms(struct store *store, const struct image_name *name, const char *key,
                     struct platform out[LOCATE_PLATFORMS_MAX], unsigned *count, struct err *err);
void located_finish(struct located *located);

#endif
