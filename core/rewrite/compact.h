/*
 * compact - rewrites objects of an application that are mostly unused: copies what images use to a
 * new object, and gives each image the new places. Then it gathers images that are too scattered
 * (gather.h).
 *
 * An interruption at any point leaves each image with its former objects or with the new ones. The
 * next run plans from what it finds.
 */
#ifndef S3DOCK_REWRITE_COMPACT_H
#define S3DOCK_REWRITE_COMPACT_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;
struct gather_limits;
struct signing;

#define COMPACT_LEAST (8 * MIB) /* unused bytes of an object that is rewritten; and half of it */

/* An object that is rewritten, or would be. `key` is lent. */
struct compact_object {
    const char *key;
    uint64_t size, used;
    unsigned images; /* that use it */
};
typedef void compact_fn(void *arg, const struct compact_object *object);

/* An image that is too scattered. `key` is lent, and is that of its metadata. */
struct compact_image {
    const char *key;
    uint64_t size;
    uint64_t ranges, whole; /* requests of a pull; of a pull of a whole image of that size */
};
typedef void compact_image_fn(void *arg, const struct compact_image *image);

struct compact_options {
    struct store *store;
    struct signing *signing; /* signs images again that it has signed; or NULL */
    const char *app;
    bool dry_run;
    uint64_t least;                      /* COMPACT_LEAST */
    const struct gather_limits *scatter; /* GATHER_LIMITS */
    compact_fn *each;                    /* first all objects, */
    compact_image_fn *each_image;        /* then all images */
    void *arg;
};

struct compact_result {
    bool has_images;                 /* the application has at least one, of any format */
    unsigned objects;                /* that are rewritten */
    unsigned images, moved, skipped; /* that use them; of them, moved, and changed meanwhile */
    unsigned kept; /* mostly unused objects that images of format 2 or replaced ones need */
    unsigned signed_images; /* images that stay unchanged, because another key has signed them */
    unsigned scattered, gathered;     /* images that are too scattered; of them, rewritten */
    uint64_t unused, written, copied; /* bytes; copied: by the store itself */
};

/* Waits. A cleanup deletes the former objects later. conflict.referenced: a document cannot be
 * read. */
int compact_run(const struct compact_options *options, struct compact_result *result,
                struct err *err);

#endif
