/*
 * unfinished - what transfers that did not come to their end have left: on this host and in the
 * bucket.
 */
#ifndef S3DOCK_CLEANUP_UNFINISHED_H
#define S3DOCK_CLEANUP_UNFINISHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/name.h"
#include "catalog/references.h"
#include "catalog/strings.h"
#include "store/store.h"

struct err;

enum unfinished_kind {
    UNFINISHED_PUSH,   /* a push of this user can go on: its state is here, its upload in the bucket
                        */
    UNFINISHED_PULL,   /* a pull of this user can go on: what it fetched is here */
    UNFINISHED_UPLOAD, /* an upload in the bucket that nothing here belongs to */
    UNFINISHED_OBJECT, /* a temporary object, of no push that can go on from here */
    UNFINISHED_ARCHIVE,   /* an archive that no metadata describes: its push did not come so far */
    UNFINISHED_RETIRED,   /* an archive that a cleanup has retired; `touched`: when */
    UNFINISHED_TOMBSTONE, /* what says so of an archive that is gone or in use; not worth telling */
};

/* Strings that are not there are "". */
struct unfinished {
    enum unfinished_kind kind;
    const char *where;  /* the bucket it is of; "": this one */
    const char *key;    /* "" when what is here is damaged */
    const char *id;     /* of the upload, the state, the spool */
    const char *state;  /* a push: name of its state */
    const char *folder; /* a push: of its temporary objects */
    uint64_t size;      /* bytes that it has moved, or that it takes; 0: not known */
    int64_t touched;    /* wall ns, of the last progress that is known; 0: not known */
    bool elsewhere;     /* of another bucket */
    bool busy;          /* at work now */
};

struct unfinished_list {
    struct unfinished *items;
    size_t count, room;
    int64_t now; /* wall ns, by the store's clock where it tells it */
    struct strings strings;

    char app[NAME_APP_MAX]; /* the application whose references were read last */
    struct references references;
};

/* Everything, in the order of kinds. Uploads and objects are those under our own keys; a store that
 * does not let us list them is an error. The caller calls unfinished_finish, after a failure too.
 */
int unfinished_read(struct store *store, struct unfinished_list *out, struct err *err);
void unfinished_finish(struct unfinished_list *list);

#endif
