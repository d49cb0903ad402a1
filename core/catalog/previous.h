/*
 * previous - finds the target that an environment had before its newest promotion that was not
 * rolled back. A rollback sets this target.
 */
#ifndef S3DOCK_CATALOG_PREVIOUS_H
#define S3DOCK_CATALOG_PREVIOUS_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/pointer.h"
#include "store/store.h"

struct err;

enum previous_answer {
    PREVIOUS_NONE,    /* there was no target before, or the log has no event */
    PREVIOUS_FOUND,   /* see `target` */
    PREVIOUS_UNKNOWN, /* no event of the log explains the current target */
};

/* One environment: the input, the result, and the state of the search. */
struct previous {
    const char *env;
    const struct pointer *now; /* its current pointer */

    enum previous_answer answer;
    char target[KEY_MAX]; /* target_path: key of an image or of a tag */

    bool begun, done, seen; /* seen: the log has an event of this environment */
    unsigned taken_back;
};

/* Searches for environments of one application, in one pass over its log. The pass ends when all
 * environments have a result. An event that cannot be read is skipped and adds a line to
 * `warnings`; the results may be wrong then. The caller sets env and now, and zeroes the rest. */
int previous_find(struct store *store, const char *app, struct previous *wanted, size_t count,
                  struct text *warnings, struct err *err);

#endif
