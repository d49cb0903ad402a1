/*
 * composer - carries out the steps of a placer: parts and copied ranges go into an upload, joins
 * become temporary objects, each as soon as what it is made of is there.
 *
 * Belongs to the conductor: every answer of the store comes home to the conductor's inbox and is
 * handed to joiner_home. Temporary objects are deleted by joiner_clean_up; those of a push that was
 * cut short serve the one that goes on with it (resume.h), or are found by catalog/leftovers.
 */
#ifndef S3DOCK_PUSH_UPLOAD_COMPOSER_H
#define S3DOCK_PUSH_UPLOAD_COMPOSER_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/inbox.h"
#include "push/find_bases.h"
#include "push/plan/part_planner.h"
#include "push/plan/parts.h"
#include "push/upload/upload.h"
#include "store/store.h"

struct err;

/* A folder under which no one else writes: "archive/.s3dock-tmp/0123456789abcdef/". */
int joiner_folder(char out[KEY_MAX], struct err *err);

struct joiner;
struct joiner_options {
    struct store *store; /* all of them are borrowed */
    struct upload *upload;
    const struct bases *bases;
    struct parts *parts;
    struct inbox *home;
    int kind;           /* msg.kind of its messages */
    const char *folder; /* joiner_folder made it */
};
struct joiner *joiner_create(const struct joiner_options *options, struct err *err);
/* Takes NULL; nothing may be out. Gives back parts that were not sent. */
void joiner_destroy(struct joiner *joiner);

/* STEP_PART or STEP_JOIN; its parts are the joiner's and the upload's from now on. */
int joiner_step(struct joiner *joiner, const struct placer_step *step, struct err *err);
/* A STEP_JOIN that an earlier push has done: its object is there, under `etag`; NULL: nothing is
 * taken from it any more. Its parts stay the caller's. */
int joiner_keep(struct joiner *joiner, const struct placer_step *step, const char *etag,
                struct err *err);
/* *joined gets the number of the temporary object that is there now (PLACER_TEMP and up), or 0. */
int joiner_home(struct joiner *joiner, struct msg *msg, unsigned *joined, struct err *err);
const char *joiner_etag(const struct joiner *joiner, unsigned number);
/* Begins nothing any more; what is out comes home. */
void joiner_stop(struct joiner *joiner);
/* Requests in the air, and steps that wait for a join. */
unsigned joiner_out(const struct joiner *joiner);
unsigned joiner_waiting(const struct joiner *joiner);
unsigned joiner_count(const struct joiner *joiner); /* of temporary objects */
/* After a failure: whether the store would not have the copies (ability.h). */
bool joiner_was_no_help(const struct joiner *joiner);
bool joiner_was_refused(const struct joiner *joiner);
bool joiner_was_forbidden(const struct joiner *joiner);
/* Nothing is out: removes what was temporary. */
void joiner_clean_up(struct joiner *joiner);

#endif
