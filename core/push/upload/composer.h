/*
 * composer - carries out the steps of the part planner: sends parts and copied ranges through the
 * upload, and creates temporary objects for joins, each as soon as its pieces exist.
 *
 * Belongs to the engine: the messages of its operations arrive in the engine's inbox and are passed
 * to composer_finish_op. composer_clean_up deletes the temporary objects. Those of an interrupted
 * push serve the push that resumes it (resume.h), or a cleanup finds them (temp_objects.h).
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
    struct store *store; /* all pointers are borrowed */
    struct upload *upload;
    const struct bases *bases;
    struct parts *parts;
    struct inbox *inbox;
    int kind;           /* msg.kind of its messages */
    const char *folder; /* temp_objects_new_folder made it */
};
struct composer *composer_create(const struct composer_options *options, struct err *err);
/* No operation may be out. Returns parts that were not sent to `parts`. Takes NULL. */
void composer_destroy(struct composer *composer);

/* Carries out a STEP_PART or STEP_JOIN, and takes over its parts. */
int composer_step(struct composer *composer, const struct part_planner_step *step, struct err *err);
/* Enters a STEP_JOIN that an earlier push has carried out: its object exists, under `etag`; NULL:
 * nothing is copied from it any more. The caller keeps its parts. */
int composer_keep(struct composer *composer, const struct part_planner_step *step, const char *etag,
                  struct err *err);
/* Takes one of its messages. Not 0: the operation failed; *err has the reason. */
struct composer_news {
    unsigned joined; /* temporary object that is complete now (PART_PLANNER_TEMP and up), or 0 */
    enum copy_failure failure; /* after a failure */
};
int composer_finish_op(struct composer *composer, struct msg *msg, struct composer_news *news,
                       struct err *err);
const char *composer_etag(const struct composer *composer, unsigned number);
/* Starts no further operations. */
void composer_stop(struct composer *composer);
unsigned composer_out(const struct composer *composer);   /* operations that have not returned */
unsigned composer_count(const struct composer *composer); /* temporary objects */
/* No operation is out. Deletes the temporary objects, and waits; failures are logged. */
void composer_clean_up(struct composer *composer);

#endif
