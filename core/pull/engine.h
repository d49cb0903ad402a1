/*
 * engine - one pass over the archive: ranges are fetched, or taken from what this host has,
 * unpacked, proven, and written as the bundle of the provision. Where there is no bundle yet, the
 * archive is judged and nothing is written.
 *
 * pull_engine_run is the conductor of the pull.
 */
#ifndef S3DOCK_PULL_ENGINE_H
#define S3DOCK_PULL_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/image/image.h"
#include "pull/prepare.h"
#include "pull/verify_stream.h"

struct err;

struct pull_engine;
/* Borrows the provision, of which a harvest settles the wanted chunks, and the judge: NULL when the
 * provision has a bundle. */
struct pull_engine *pull_engine_create(struct prepare *provision, struct verify_stream *judge,
                                       struct err *err);
void pull_engine_destroy(
    struct pull_engine *intake); /* takes NULL. Nothing remains of what was not whole */

/* 0: all of it is proven, and written, and the sink has said so. INTAKE_REPLACED: the archive was
 * another one before the end, and a new try may begin; err says so. */
enum pull_engine_answer { INTAKE_REPLACED = 1 };
int pull_engine_run(struct pull_engine *intake, struct err *err);

/* Once it was run well. The first two are the judge's. */
const struct image_info *pull_engine_image(const struct pull_engine *intake);
struct view pull_engine_config(const struct pull_engine *intake);
const struct docker_loaded *
pull_engine_loaded(const struct pull_engine *intake); /* NULL: no daemon */
uint64_t
pull_engine_raw(const struct pull_engine *intake); /* bytes of the stream, once it has ended */
bool pull_engine_may_repeat(
    const struct pull_engine *intake); /* nothing that was written stays written */

#endif
