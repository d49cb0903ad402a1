/*
 * engine - one pass over the archive: ranges are fetched, or taken from what this host has,
 * unpacked, proven, and written as the bundle of the provision. Where there is no bundle yet, the
 * archive is judged and nothing is written.
 *
 * intake_run is the conductor of the pull.
 */
#ifndef S3DOCK_PULL_ENGINE_H
#define S3DOCK_PULL_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/image/image.h"
#include "pull/prepare.h"
#include "pull/verify_stream.h"

struct err;

struct intake;
/* Borrows the provision, of which a harvest settles the wanted chunks, and the judge: NULL when the
 * provision has a bundle. */
struct intake *intake_create(struct provision *provision, struct check *judge, struct err *err);
void intake_destroy(struct intake *intake); /* takes NULL. Nothing remains of what was not whole */

/* 0: all of it is proven, and written, and the sink has said so. INTAKE_REPLACED: the archive was
 * another one before the end, and a new try may begin; err says so. */
enum intake_answer { INTAKE_REPLACED = 1 };
int intake_run(struct intake *intake, struct err *err);

/* Once it was run well. The first two are the judge's. */
const struct image_info *intake_image(const struct intake *intake);
struct view intake_config(const struct intake *intake);
const struct docker_loaded *intake_loaded(const struct intake *intake); /* NULL: no daemon */
uint64_t intake_raw(const struct intake *intake);    /* bytes of the stream, once it has ended */
bool intake_may_repeat(const struct intake *intake); /* nothing that was written stays written */

#endif
