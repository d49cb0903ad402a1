/*
 * intake - one try at bringing an image in: ranges fetched, unpacked, checked, and written where
 * the image goes; of the provisions what this host has.
 *
 * intake_run is the conductor of the pull.
 */
#ifndef S3DOCK_MOVE_INTAKE_H
#define S3DOCK_MOVE_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "move/provision.h"
#include "pack/image.h"

struct err;

struct intake;
/* Borrows the provision, of which a harvest settles the wanted chunks. */
struct intake *intake_create(struct provision *provision, struct err *err);
void intake_destroy(struct intake *intake); /* takes NULL. Nothing remains of what was not whole */

/* 0: all of it is written and verified, and the sink has said so. INTAKE_REPLACED: the archive was
 * another one before the end, and a new try may begin; err says so. */
enum intake_answer { INTAKE_REPLACED = 1 };
int intake_run(struct intake *intake, struct err *err);

const struct image_info *intake_image(const struct intake *intake); /* once it was run well */
uint64_t intake_raw(const struct intake *intake);    /* bytes of the stream, once it has ended */
bool intake_may_repeat(const struct intake *intake); /* nothing that was written stays written */

#endif
