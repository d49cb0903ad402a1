/*
 * engine_options - the input of one attempt to push: image, bucket, and the way of the attempt.
 */
#ifndef S3DOCK_PUSH_ENGINE_OPTIONS_H
#define S3DOCK_PUSH_ENGINE_OPTIONS_H

#include <stdbool.h>

#include "catalog/name.h"
#include "push/open_source.h"
#include "store/store.h"
#include "transfer/transfer.h"

struct early_bases;

struct push_engine_options {
    struct store *store; /* all pointers are borrowed */
    const struct transfer_options *transfer;
    const struct image_name *name;
    struct image_input input;
    const char *image_key;     /* names the push */
    const char *key;           /* of the object; the image key: an archive of format 2 */
    const char *content;       /* the image's id, "" if only its stream contains it */
    const char *platform;      /* "os/arch[/variant]"; "": not known */
    struct early_bases *early; /* a search for bases that was begun, or NULL */
    const char *first;         /* metadata of an image to compare with before others, or NULL */
    struct codec_choice choice;
    bool thin;        /* write a thin image. Then `key` is not the image key */
    bool no_resume;   /* ignore an unfinished push, and keep nothing */
    bool export_only; /* do not read Docker's layers */
    bool delta;       /* compare with earlier archives */
    bool read_all;    /* read all layers, even those that earlier archives hold */
};

#endif
