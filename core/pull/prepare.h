/*
 * prepare - what one try at a pull has to go on: the image's documents, which bytes of its
 * archive are wanted, and what of them this host has already.
 */
#ifndef S3DOCK_PULL_PREPARE_H
#define S3DOCK_PULL_PREPARE_H

#include <stdbool.h>

#include "catalog/locate.h"
#include "pull/bundle_plan.h"
#include "pull/partial/partial.h"
#include "pull/plan/needed_chunks.h"
#include "pull/pull.h"
#include "pull/seed/delta.h"
#include "store/store.h"

struct err;

#define PREPARE_KEEP_FREE (256 * MIB) /* of a disk: nothing that is kept or written takes it */

/* What is to be done without, because it went wrong before: layers that the daemon has, the index.
 */
struct abstain {
    bool layers, index;
};

struct prepare {
    const struct pull_options *options;
    struct pull_result *result;
    struct abstain abstain;

    struct located at;
    bool located;
    bool suspect;    /* the daemon has the image by its name, which is not believed */
    char before[80]; /* id of the image that the name led to in the daemon; "": of none */
    struct store_info archive;
    struct bundle_plan *bundling; /* NULL: the archive is read without an index */
    struct delta *delta;          /* NULL: nothing is taken from the host */
    struct needed_chunks
        *wanted;                 /* the bundling's, or every; NULL: all of the archive, in pieces */
    struct index *index;         /* of who wants proof; else NULL */
    struct needed_chunks *every; /* all of its chunks */
    /* What is to be written. NULL: not known yet, so the archive is judged and nothing written. */
    const struct bundle *bundle;
    const struct image_info *image; /* of the bundle */
    struct bundle *made;            /* the bundle, of an archive without an index */
    struct partial *spool;          /* NULL: nothing is kept */
};

/* Finds the image's documents. PROVISION_HERE: the daemon has this very image, and nothing is to be
 * done. Options and result are borrowed until prepare_finish, which is called after a failure,
 * too. */
enum prepare_answer { PROVISION_HERE = 1 };
int prepare_find(struct prepare *provision, const struct pull_options *options,
                 struct pull_result *result, struct err *err);
/* Decides what is fetched, and tells the result; of a dry run also the survey. */
int prepare_choose(struct prepare *provision, struct abstain abstain, struct err *err);
/* Makes the bundle of an archive without an index, which was judged. The image is borrowed. */
int prepare_judged(struct prepare *provision, const struct image_info *image, struct view config,
                   struct err *err);
/* Bytes of the disk that are for others: a daemon that loads, the file that is written. */
uint64_t prepare_leave(const struct prepare *provision);
/* `done`: nothing that was kept is needed any more. */
void prepare_finish(struct prepare *provision, bool done);

#endif
