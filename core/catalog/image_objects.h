/*
 * image_objects - the objects that hold the chunks of an image, whatever its format.
 *
 * An image of a format up to 2 has one object: its archive. Programs may treat the objects as one
 * sequence of bytes, in this order (docs/format.md, "The address space").
 */
#ifndef S3DOCK_CATALOG_IMAGE_OBJECTS_H
#define S3DOCK_CATALOG_IMAGE_OBJECTS_H

#include <stdint.h>

#include "base/hash.h"

struct located;

struct image_object {
    const char *key, *etag; /* borrowed from `at`. etag "": not known (formats 0 and 1) */
    uint64_t size, used;
    int codec; /* enum metadata_codec */
};

/* 1 .. METADATA_OBJECTS_MAX */
unsigned image_objects_count(const struct located *at);
/* `number` is below the count. */
struct image_object image_objects_get(const struct located *at, unsigned number);
/* SHA-256 in hex over key, ETag and size of all objects: names a partial download. */
void image_objects_layout(const struct located *at, char out[SHA256_HEX_SIZE]);

#endif
