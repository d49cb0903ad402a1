/*
 * commit - how a pushed image becomes visible: the archive, then the index, then the metadata.
 */
#ifndef S3DOCK_PUSH_COMMIT_H
#define S3DOCK_PUSH_COMMIT_H

#include <stdint.h>

#include "push/engine.h"
#include "push/existing_image.h"
#include "push/options.h"

struct err;

struct commit {
    const struct push_options *push; /* all of them are borrowed */
    const char *key;                 /* of the archive */
    const struct docker_image *local;
    const struct existing_image *existing; /* what this replaces */
    struct push_engine *engine;            /* it has run */
    struct push_result *result;            /* archived, checksum, image_id, size, copied bytes */
};

int commit_run(const struct commit *commit, struct err *err);

#endif
