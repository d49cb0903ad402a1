/*
 * attempt - one attempt to upload an image and to make it visible.
 */
#ifndef S3DOCK_PUSH_ATTEMPT_H
#define S3DOCK_PUSH_ATTEMPT_H

#include "push/push_state.h"

struct err;

/* Uploads the image in the way that the state says, after own_image_prepare. After a failure p->remedy
 * says how the next attempt should differ. */
int attempt_run(struct push *p, struct err *err);

#endif
