/*
 * change - one tag or environment pointer: what it says now, and how it is set without overwriting
 * what somebody else has set meanwhile.
 */
#ifndef S3DOCK_CATALOG_CHANGE_H
#define S3DOCK_CATALOG_CHANGE_H

#include <stdbool.h>

#include "base/err.h"
#include "catalog/pointer.h"
#include "store/store.h"

/* What stands under a key. */
struct standing {
    bool there;             /* there is a document */
    bool sound;             /* and it is a pointer */
    struct pointer pointer; /* valid when sound */
    struct err fault;       /* why it is not */
    char etag[STORE_ETAG_MAX];
};

/* Fails when it cannot be known; a document that is no pointer is an answer. */
int change_look(struct store *store, const char *key, struct standing *out, struct err *err);

enum change_answer {
    CHANGE_DONE = 0,
    CHANGE_LOST = 1,      /* somebody else was faster: nothing was written */
    CHANGE_OVERTAKEN = 2, /* written, and somebody else wrote in the same moment: theirs stands */
};
/* Sets it, provided that what stands there is still `was`. With `conditions` (conditions_find) the
 * store itself sees to that. Without, it is looked at once more before, which leaves a gap of one
 * request. Either way it is read back: Ceph's gateway may tell two writers of one moment that both
 * have written, where one of them was dropped. */
int change_set(struct store *store, const char *key, const struct standing *was,
               const struct pointer *now, bool conditions, struct err *err);

#endif
