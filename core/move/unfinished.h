/*
 * unfinished - what transfers that did not come to their end have left: on this host and in the
 * bucket.
 */
#ifndef S3DOCK_MOVE_UNFINISHED_H
#define S3DOCK_MOVE_UNFINISHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/store.h"

struct err;

enum unfinished_kind {
    UNFINISHED_PUSH,   /* a push of this user can go on: its state is here, its upload in the bucket
                        */
    UNFINISHED_PULL,   /* a pull of this user can go on: what it fetched is here */
    UNFINISHED_UPLOAD, /* an upload in the bucket that nothing here belongs to */
    UNFINISHED_OBJECT, /* a temporary object, of no push that can go on from here */
    UNFINISHED_ARCHIVE, /* an archive that no metadata describes: its push did not come so far */
};

struct unfinished {
    enum unfinished_kind kind;
    char where[256];            /* the bucket it is of; "": this one */
    char key[STORE_KEY_MAX];    /* "" when what is here is damaged */
    char id[STORE_UPLOAD_MAX];  /* of the upload, the state, the spool */
    char state[64];             /* a push: name of its state; else "" */
    char folder[STORE_KEY_MAX]; /* a push: of its temporary objects, or "" */
    uint64_t size;              /* bytes that it has moved, or that it takes; 0: not known */
    int64_t touched;            /* wall ns, of the last progress that is known; 0: not known */
    bool elsewhere;             /* of another bucket */
    bool busy;                  /* at work now */
};

/* Everything, in the order of kinds. free() the array. Uploads and objects are those under our own
 * keys; a store that does not let us list them is an error. */
int unfinished_list(struct store *store, struct unfinished **out, size_t *count, struct err *err);

/* What is there is gone for good, in the bucket too where it is this one. 0; UNFINISHED_IN_USE: it
 * is at work, and stays. */
enum unfinished_answer { UNFINISHED_REMOVED = 0, UNFINISHED_IN_USE = 1 };
int unfinished_remove(struct store *store, const struct unfinished *what, struct err *err);

#endif
