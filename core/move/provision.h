/*
 * provision - what one try at a pull has to go on: the image's documents, which bytes of its
 * archive are wanted, and what of them this host has already.
 */
#ifndef S3DOCK_MOVE_PROVISION_H
#define S3DOCK_MOVE_PROVISION_H

#include <stdbool.h>

#include "catalog/locate.h"
#include "move/delta.h"
#include "move/need.h"
#include "move/pull.h"
#include "move/spool.h"
#include "pack/index.h"
#include "wire/store.h"

struct err;

/* What is to be done without, because it went wrong before. */
struct abstain {
    bool delta, index;
};

struct provision {
    const struct pull_options *options;
    struct pull_result *result;
    struct abstain abstain;

    struct located at;
    bool located;
    struct store_info archive;
    struct delta *delta; /* NULL: all of the image is pulled */
    struct index *index; /* NULL: the archive is read without one, or by the delta's */
    struct need *wanted; /* NULL: plain pieces. The delta's, or all of the index */
    struct spool *spool; /* NULL: nothing is kept */
};

/* Finds the image's documents. PROVISION_HERE: the daemon has this very image, and nothing is to be
 * done. Options and result are borrowed until provision_finish, which is called after a failure,
 * too. */
enum provision_answer { PROVISION_HERE = 1 };
int provision_find(struct provision *provision, const struct pull_options *options,
                   struct pull_result *result, struct err *err);
/* Decides what is fetched, and tells the result; of a dry run also the survey. */
int provision_choose(struct provision *provision, struct abstain abstain, struct err *err);
/* Bytes of the disk that are for others: a daemon that loads, the file that is written. */
uint64_t provision_leave(const struct provision *provision);
/* `done`: nothing that was kept is needed any more. */
void provision_finish(struct provision *provision, bool done);

#endif
