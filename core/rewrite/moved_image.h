/*
 * moved_image - gives an image other objects: writes a new index and replaces the metadata.
 *
 * The chunks stay the same. The former objects and the former index are not deleted.
 */
#ifndef S3DOCK_REWRITE_MOVED_IMAGE_H
#define S3DOCK_REWRITE_MOVED_IMAGE_H

#include <stdbool.h>

#include "catalog/locate.h"
#include "catalog/signing.h"
#include "pack/index/index.h"

struct err;

struct moved_image {
    struct store *store;       /* all pointers are borrowed */
    struct signing *signing;   /* the key of this command, or NULL */
    const struct located *at;  /* format 3 */
    const struct index *index; /* all sections are loaded */
    const char *unique;        /* of the new index */
    const struct image_name *name;
    const char *month;
    bool thin; /* of the new image */
    /* The objects that it may use, and the new place of a chunk. */
    const struct metadata_object *objects;
    unsigned object_count; /* at most INDEX_BUILDER_OBJECTS_MAX - 1 */
    /* Sets object (a number in `objects`) and offset for a chunk of *size bytes at `from`, and
     * *size if the chunk was packed again. Called for each chunk in the order of the stream. */
    void (*place)(void *arg, const struct index_place *from, uint32_t *size,
                  struct index_place *to);
    void *arg;
    /* Returns true if the store copied these bytes of an object of `objects`, or if they were there
     * before; NULL: always. Only a few of such chunks are read and checked, of the others all. */
    bool (*copied)(void *arg, unsigned object, uint64_t offset, uint32_t size);
};

/* Reads chunks from their new places (see `copied`), compares them with their names, and replaces
 * the metadata. An image that this key has signed is signed again. Waits. 0: done. MOVED_NOT: the
 * image was changed meanwhile, a cleanup deletes an object of it, or another key has signed it; the
 * image is unchanged, *err has the reason. MOVED_FAILED: an error before the metadata, so that
 * nothing names the new objects. integrity.chunk: they contain other bytes, because the image is
 * damaged; err->about is its reference. */
enum { MOVED_NOT = 1, MOVED_FAILED = 2 };
int moved_image_run(const struct moved_image *moved, struct err *err);

#endif
