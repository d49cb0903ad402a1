/*
 * thicken - makes a thin image whole: copies its chunks into one object, in the order of the
 * stream.
 *
 * An archive has one codec. If the chunks have two, those without the codec of the image's push are
 * packed again.
 */
#ifndef S3DOCK_REWRITE_THICKEN_H
#define S3DOCK_REWRITE_THICKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "catalog/platform.h"
#include "catalog/signing.h"

struct err;
struct store;

struct thicken_options {
    struct store *store;
    struct image_name name;
    const char *key;                 /* image key of a pointer, or NULL */
    const struct platform *platform; /* NULL: the first one */
    struct signing *signing;         /* signs the image again if it has signed it; or NULL */
    bool dry_run;
};

struct thicken_result {
    char image_ref[NAME_REF_MAX], platform[96];
    char key[KEY_MAX]; /* of the new object; "": the image is whole already */
    uint64_t size;     /* of the archive; dry run: about, if chunks are packed again */
    unsigned objects;  /* that the image had */
    uint64_t copied;   /* bytes that the store copied itself */
    uint64_t repacked; /* bytes of chunks, before, that are packed again */
};

/* Waits. conflict.signed: another key has signed the image. The new object is checked before the
 * metadata names it. The former objects stay; a cleanup deletes those that no image needs. */
int thicken_run(const struct thicken_options *options, struct thicken_result *result,
                struct err *err);

#endif
