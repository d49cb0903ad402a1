/*
 * engine_state - the state of one attempt to push.
 *
 * Belongs to the engine (engine.c), which changes it; engine_result.c reads it.
 */
#ifndef S3DOCK_PUSH_ENGINE_STATE_H
#define S3DOCK_PUSH_ENGINE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "push/progress.h"
#include "push/setup.h"
#include "push/upload/pending_archive.h"

struct push_engine {
    struct push_setup setup;
    bool kept;  /* the unfinished upload stays, for another push */
    bool ended; /* all bytes were put into parts */

    struct push_span *current; /* being put into parts; NULL between spans */
    bool reading, stopping;
    enum copy_failure copy_failure; /* the gravest so far */
    bool distrusted;                /* Docker's layers were not as expected */
    const struct base_object *corrupt_base;
    const struct image_info *image; /* once the reader has ended */

    uint64_t raw, packed; /* bytes of the chunks that were added */
    uint64_t own;         /* of the packed ones, those of the object that is uploaded */
    uint64_t uploaded;    /* bytes that the store has taken */
    struct pending_archive archive;
    struct push_progress progress;
    struct err err;
};

#endif
