/*
 * usage - the bytes that the images of a bucket occupy and share, and that the removal of each
 * frees.
 *
 * Images of an application can have chunks in the same objects. An object can be deleted when no
 * document needs it: no image, no retired image that can be restored, no copy of a replaced one.
 */
#ifndef S3DOCK_USAGE_USAGE_H
#define S3DOCK_USAGE_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/name.h"
#include "catalog/platform.h"

struct err;
struct store;
struct text;

/* An image on one platform. All sizes are in bytes. */
struct usage_image {
    char ref[NAME_REF_MAX];
    char platform[PLATFORM_TEXT_SIZE]; /* in normal form */
    bool thin;
    unsigned objects;             /* that hold its chunks */
    uint64_t size;                /* of its archive, or of the archive that it would have */
    uint64_t refers_bytes;        /* that it uses in objects of other pushes */
    uint64_t alone_bytes;         /* freed if it is removed: objects that only it needs */
    uint64_t alone_after_compact; /* freed if a compact follows: bytes that only it uses; with
                                     `quick`: 0, not known */
};

struct usage_sums {
    uint64_t images, whole, thin;                     /* thin + whole = images */
    uint64_t platforms;                               /* different ones */
    uint64_t bytes;                                   /* all of the following */
    uint64_t data_bytes, index_bytes, document_bytes; /* what images need */
    uint64_t replaced_bytes;   /* only copies of replaced images need it, with their documents */
    uint64_t retired_bytes;    /* only retired images need it, with their tombstones */
    uint64_t unfinished_bytes; /* no document needs it; parts of uploads; temporary objects */
    uint64_t dead_bytes;       /* of data_bytes: no image uses them. With `quick`, an upper bound */
    uint64_t whole_bytes;      /* size of the data if all images were whole */
};

struct usage_app {
    char name[NAME_APP_MAX];
    struct usage_sums sums;
    struct usage_image *images; /* by name, newest first */
    size_t image_count;
};

struct usage {
    bool quick;
    struct usage_app *apps; /* A to Z */
    size_t app_count;
    struct usage_sums total; /* with temporary objects, if all applications are read */
};

/* Reads one application, or all (NULL), and waits. `quick`: no index is read. Objects that cannot
 * be counted add a line to `warnings`. conflict.referenced: a document cannot be read.
 * unsupported.runs: the images have too many runs; `quick` has no such limit. */
int usage_read(struct store *store, const char *app, bool quick, struct usage **out,
               struct text *warnings, struct err *err);
void usage_destroy(struct usage *usage); /* takes NULL */

/* whole_bytes - data_bytes; 0 if sharing saves nothing. */
uint64_t usage_saved(const struct usage_sums *sums);

#endif
