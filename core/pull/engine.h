/*
 * engine - one pass over the archive: fetches the missing chunks, reads the others on this host,
 * unpacks, verifies, and writes them as the bundle. If there is no bundle yet, the engine only
 * verifies the archive and writes nothing.
 *
 * pull_engine_run is the main loop of a pull: it runs on the caller's thread and makes every
 * decision.
 */
#ifndef S3DOCK_PULL_ENGINE_H
#define S3DOCK_PULL_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/image/image.h"
#include "pull/prepare.h"
#include "pull/verify_stream.h"

struct err;
struct docker_loaded;

/* The result of a pass. The pointers live as long as the engine, or the verify_stream. */
struct pull_outcome {
    const struct image_info *image;     /* only of a pass that verifies */
    struct view config;                 /* of that image */
    const struct docker_loaded *loaded; /* the daemon's report; NULL: no daemon, or it failed */
    uint64_t raw;                       /* bytes of the save stream; 0: the pass did not end */
    uint64_t found;  /* packed bytes that were not fetched, because the seed scan found them */
    bool may_repeat; /* nothing that this pass has written stays */
};

struct pull_engine;
/* Borrows `prepared`, whose needed chunks a seed scan fills in, and `verify`, which is NULL if
 * `prepared` has a bundle. */
struct pull_engine *pull_engine_create(struct prepare *prepared, struct verify_stream *verify,
                                       struct err *err);
/* Deletes incomplete output. Takes NULL. */
void pull_engine_destroy(struct pull_engine *engine);

/* Runs the pass. Returns 0 if all bytes are verified and written, and the sink has confirmed them.
 * PULL_ENGINE_REPLACED: the archive was replaced during the pass, and a new try is possible; err
 * has the reason. */
enum pull_engine_answer { PULL_ENGINE_REPLACED = 1 };
int pull_engine_run(struct pull_engine *engine, struct err *err);
/* Returns the result. Call it after pull_engine_run. */
struct pull_outcome pull_engine_outcome(const struct pull_engine *engine);

#endif
