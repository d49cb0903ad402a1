/*
 * composer - carries out the steps of a planner: parts and copied ranges go into an upload, joins
 * become temporary objects, each as soon as what it is made of is there.
 *
 * Belongs to the conductor: every answer of the store comes home to the conductor's inbox and is
 * handed to composer_finish_op. Temporary objects are deleted by composer_clean_up; those of a push that was
 * cut short serve the one that goes on with it (resume.h), or are found by catalog/leftovers.
 */
#ifndef S3DOCK_PUSH_UPLOAD_COMPOSER_H
#define S3DOCK_PUSH_UPLOAD_COMPOSER_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/inbox.h"
#include "push/plan/bases.h"
#include "push/plan/part_planner.h"
#include "push/plan/parts.h"
#include "push/upload/copy_errors.h"
#include "push/upload/upload.h"
#include "store/store.h"

struct err;

struct composer;
struct composer_options {
    struct store *store; /* all of them are borrowed */
    struct upload *upload;
    const struct bases *bases;
    struct parts *parts;
    struct inbox *home;
    int kind;           /* msg.kind of its messages */
    const char *folder; /* temp_objects_new_folder made it */
};
struct composer *composer_create(const struct composer_options *options, struct err *err);
/* Takes NULL; nothing may be out. Gives back parts that were not sent. */
void composer_destroy(struct composer *composer);

/* STEP_PART or STEP_JOIN; its parts are the composer's and the upload's from now on. */
int composer_step(struct composer *composer, const struct part_planner_step *step, struct err *err);
/* A STEP_JOIN that an earlier push has done: its object is there, under `etag`; NULL: nothing is
 * taken from it any more. Its parts stay the caller's. */
int composer_keep(struct composer *composer, const struct part_planner_step *step, const char *etag,
                  struct err *err);
/* Takes one of its messages. Not 0: the operation failed, and *err says why. */
struct composer_news {
    unsigned joined; /* temporary object that is complete now (PART_PLANNER_TEMP and up), or 0 */
    enum copy_failure failure; /* after a failure */
};
int composer_finish_op(struct composer *composer, struct msg *msg, struct composer_news *news,
                       struct err *err);
const char *composer_etag(const struct composer *composer, unsigned number);
/* Begins nothing any more; what is out comes home. */
void composer_stop(struct composer *composer);
unsigned composer_out(const struct composer *composer);   /* operations that have not returned */
unsigned composer_count(const struct composer *composer); /* temporary objects */
/* Nothing is out: removes what was temporary. */
void composer_clean_up(struct composer *composer);

#endif
