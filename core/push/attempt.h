/*
 * attempt - one attempt to upload an image and to make it visible.
 */
#ifndef S3DOCK_PUSH_ATTEMPT_H
#define S3DOCK_PUSH_ATTEMPT_H

#include "push/push_state.h"

struct err;

/* Call it after own_image_prepare. Uploads the image in the way that the state selects. After a
 * failure, p->remedy has the change for the next attempt. */
int attempt_run(struct push *p, struct err *err);

#endif
