/*
 * image_list - reads the daemon's list of images as it comes.
 *
 * The list repeats all labels of all images: megabytes that nobody asked for. The reader keeps the
 * few members of each image that are needed, so its memory is bounded whatever the list's size. For
 * wire/docker only.
 */
#ifndef S3DOCK_DOCKER_IMAGE_LIST_H
#define S3DOCK_DOCKER_IMAGE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "docker/docker.h"

#define DOCKER_LIST_KEPT_MAX (64 * KIB) /* of one image's members */

struct docker_list_reader {
    struct docker_list *list;
    size_t room;        /* of the list */
    struct text kept;   /* the members of the image at hand: an object in the making */
    size_t value_start; /* where the value at hand starts in it, with its name */
    char name[16];      /* of the member at hand; "" when it is longer, and so not wanted */
    size_t name_size;
    uint64_t depth;
    enum { LIST_START, LIST_MEMBER, LIST_NAME, LIST_COLON, LIST_VALUE, LIST_END } state;
    bool in_string, escaped, wanted, too_long;
    bool failed; /* it is no list of objects, or there is no memory */
};

/* The list is filled from *list, which the caller finishes whatever happens. */
void docker_list_start(struct docker_list_reader *reader, struct docker_list *list);
void docker_list_feed(struct docker_list_reader *reader, struct view bytes);
/* True when the list was whole. Frees the reader's memory. */
bool docker_list_ended(struct docker_list_reader *reader);

#endif
