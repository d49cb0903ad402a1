/*
 * resume_options - the facts about a push that resume_open needs.
 */
#ifndef S3DOCK_PUSH_RESUME_RESUME_OPTIONS_H
#define S3DOCK_PUSH_RESUME_RESUME_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/codec/codec.h"

struct index_builder;
struct store;

struct resume_options {
    struct store *store;   /* the pointers are borrowed */
    const char *image_key; /* names the push */
    const char *key;       /* of the object */
    const char *content;   /* the id of the image, "" if it is not known yet */
    const struct index_builder *builder;
    struct codec_choice choice;
    bool thin;          /* the object is the data of a thin image */
    bool off;           /* start over, and write no checkpoint */
    bool delta;         /* a push that copies from bases may be resumed */
    uint64_t part_size; /* of equal parts */
    uint64_t least;     /* least size of a part, with bases */
};

#endif
