/*
 * image_list - reads the daemon's list of images in pieces. Internal to core/docker.
 *
 * The list repeats all labels of all images, which can be megabytes. The reader keeps only the
 * needed members of each image, so its memory does not depend on the size of the list.
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
    struct text kept;   /* the needed members of the current image, as a JSON object */
    size_t value_start; /* start of the current member in it */
    char name[16];      /* of the current member; "": longer, so not needed */
    size_t name_size;
    uint64_t depth;
    enum { LIST_START, LIST_MEMBER, LIST_NAME, LIST_COLON, LIST_VALUE, LIST_END } state;
    bool in_string, escaped, wanted, too_long;
    bool failed; /* no list of objects, or out of memory */
};

/* Begins to fill *list, which the caller finishes in any case. */
void docker_list_start(struct docker_list_reader *reader, struct docker_list *list);
void docker_list_feed(struct docker_list_reader *reader, struct view bytes);
/* Frees the reader's memory. True: the list was complete. */
bool docker_list_ended(struct docker_list_reader *reader);

#endif
