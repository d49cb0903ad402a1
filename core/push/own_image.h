/*
 * own_image - the image that is pushed: its id, its platform, and whether the bucket has it.
 *
 * The first step of a push. Functions that return an int fail with a negative result.
 */
#ifndef S3DOCK_PUSH_OWN_IMAGE_H
#define S3DOCK_PUSH_OWN_IMAGE_H

#include "push/push_state.h"

struct err;

/* Looks for the image in the source and in the bucket. If the bucket has it and nothing is left to
 * do, p->result states that it was skipped. Also starts the early search for bases, which the
 * caller of the push ends. conflict.removed: a cleanup is about to remove the earlier image. */
int own_image_prepare(struct push *p, struct err *err);
/* Finds p->existing again, because the bucket has changed or the platform is known now. */
int own_image_find_again(struct push *p, struct err *err);
/* Returns 1 if the bucket has the image with this id. An archive whose bucket was copied is checked
 * first. */
int own_image_is_pushed(struct push *p, const char *id, struct err *err);
/* Fills p->result from p->existing: the bucket has the image already. */
void own_image_skip(struct push *p);

#endif
