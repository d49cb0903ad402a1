/*
 * prepare - plans one try of a pull: finds the documents of the image, decides which bytes of the
 * archive are needed, and finds those that this host has already.
 */
#ifndef S3DOCK_PULL_PREPARE_H
#define S3DOCK_PULL_PREPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "catalog/locate.h"
#include "pull/bundle_plan.h"
#include "pull/object_map.h"
#include "pull/options.h"
#include "pull/partial/partial.h"
#include "pull/plan/needed_chunks.h"
#include "pull/seed/local_layers.h"
#include "pull/seed/seed_choice.h"
#include "store/store.h"
#include "trust/guard_image.h"

struct err;
struct layer_report;

#define PREPARE_KEEP_FREE (256 * MIB) /* bytes of each disk that a pull leaves free */

/* The features that this try does not use, because an earlier try failed with them. */
struct prepare_without {
    bool local_layers, index;
};

struct prepare {
    const struct pull_options *options; /* borrowed until prepare_finish */
    struct prepare_without without;

    struct guard_image demanded; /* what must prove `at` */
    struct located at;
    bool located; /* `at` is filled */
    bool foreign; /* the daemon has another platform; the image has no other one */
    bool suspect; /* the daemon has the image, but an earlier load of it may be incomplete */
    char
        before[DIGEST_TEXT_SIZE]; /* id of the image that the daemon has under the name; "": none */
    char here[DIGEST_TEXT_SIZE];  /* PREPARE_HERE: id of the image that the daemon has */
    struct store_info archive;    /* of a format up to 2 */
    struct object_map *objects;   /* where the bytes of the image are; owned */
    bool thin;                    /* the index places the chunks in any order */
    struct bundle_plan *bundle_plan; /* NULL: the archive is read without an index */
    struct local_layers *local;      /* NULL: all layers are sent */
    struct seed_choice seed;         /* seed.image NULL: no local image is scanned */
    /* The bundle_plan's chunks, or `every`; NULL: the whole archive is read in pieces. */
    struct needed_chunks *needed;
    struct index *index;         /* for a proof, else NULL */
    struct needed_chunks *every; /* all of its chunks */
    /* The bundle to write. NULL: not known yet. The first pass over an archive without an index
     * verifies it and writes nothing. */
    const struct bundle *bundle;
    const struct image_info *image; /* of the bundle */
    struct bundle *made;            /* the bundle of an archive without an index; owned */
    struct partial *partial;        /* the partial download; NULL: none */

    /* Figures for the result. */
    bool chosen;                 /* prepare_choose has filled those below */
    uint64_t kept;               /* packed bytes of the partial download at the start */
    uint64_t to_fetch;           /* packed bytes to fetch, before the seed scan */
    uint64_t left_out;           /* packed bytes of the layers that the daemon has */
    struct layer_report *report; /* of a dry run with an index; else NULL. Owned */
};

/* Finds the documents of the image, and inspects the image in the daemon. PREPARE_HERE: the daemon
 * has exactly this image, and the pull has nothing to do. Call prepare_finish in any case. */
enum prepare_answer { PREPARE_HERE = 1 };
int prepare_find(struct prepare *prepared, const struct pull_options *options, struct err *err);
/* Decides what is fetched. For a dry run, makes the layer report. */
int prepare_choose(struct prepare *prepared, struct prepare_without without, struct err *err);
/* Makes the bundle of an archive without an index, after the first pass has verified it. The image
 * and the config are borrowed. */
int prepare_bundle(struct prepare *prepared, const struct image_info *image, struct view config,
                   struct err *err);
/* Returns the bytes of the disk that must stay free for a daemon that loads, or for the output
 * file. */
uint64_t prepare_leave(const struct prepare *prepared);
/* Returns true if the image is in several objects: it cannot be pulled without its index. */
bool prepare_is_thin(const struct prepare *prepared);
/* `done`: delete the partial download. */
void prepare_finish(struct prepare *prepared, bool done);

#endif
