/*
 * push_state - the state of a push, for push.c and the modules of its steps. One thread uses it.
 */
#ifndef S3DOCK_PUSH_PUSH_STATE_H
#define S3DOCK_PUSH_PUSH_STATE_H

#include <stdbool.h>

#include "base/digest_text.h"
#include "catalog/keys.h"
#include "catalog/platform.h"
#include "docker/docker.h"
#include "push/early_bases.h"
#include "push/engine.h"
#include "push/existing_image.h"
#include "push/options.h"

struct push {
    const struct push_options *options;
    struct push_result *result;
    struct transfer_start start;

    struct existing_image existing;
    bool learned;              /* its metadata did not name its image; the archive was read */
    struct docker_image local; /* the daemon's description of the image; id "": no daemon */
    struct image_input input;
    struct platform platform;       /* of the image; any platform: only its stream states it */
    struct docker_platform chosen;  /* of several in the daemon */
    char key[KEY_MAX];              /* of the object that the attempt writes */
    struct early_bases *early;      /* or NULL */
    char content[DIGEST_TEXT_SIZE]; /* id of the image to push; "": only its stream contains it */

    /* The way of the next attempt. */
    bool export_only; /* Docker's layers were not as expected */
    bool delta;       /* compare with earlier archives */
    bool read_all;    /* read all layers, even those that earlier archives hold */
    unsigned tried;   /* 1 << remedy: the ways that were chosen */
    bool further;     /* the image was found to exist for another platform */
    bool claimed;     /* this push has the claim of the first platform */
    enum push_remedy remedy;
};

#endif
