/*
 * previous - what an environment was before the newest promotion that has not been taken back yet,
 * as the audit log tells: where a rollback leads.
 */
#ifndef S3DOCK_CATALOG_PREVIOUS_H
#define S3DOCK_CATALOG_PREVIOUS_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/pointer.h"
#include "store/store.h"

struct err;

enum previous_answer {
    PREVIOUS_NONE,   /* there was nothing before, or the log has no event of it */
    PREVIOUS_FOUND,  /* `target` */
    PREVIOUS_UNTOLD, /* the log does not tell how the environment came to what it is now */
};

/* One environment: the question, the answer, and how far the search has come. */
struct previous {
    const char *env;
    const struct pointer *now; /* what stands there */

    enum previous_answer answer;
    char target[KEY_MAX]; /* target_path: of an image or of a tag */

    bool begun, done, seen; /* seen: the log has an event of it */
    unsigned taken_back;
};

/* Environments of one application, all in one pass over its log, which ends where all of them are
 * answered. Each event that cannot be read is passed over and adds a line to `warnings`: then the
 * answers may be wrong. Fill env and now, zero the rest. */
int previous_find(struct store *store, const char *app, struct previous *wanted, size_t count,
                  struct text *warnings, struct err *err);

#endif
