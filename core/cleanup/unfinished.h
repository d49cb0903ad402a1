/*
 * unfinished - lists the files and objects that interrupted transfers left, on this host and in the
 * bucket.
 */
#ifndef S3DOCK_CLEANUP_UNFINISHED_H
#define S3DOCK_CLEANUP_UNFINISHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/name.h"
#include "catalog/object_refs.h"
#include "catalog/references.h"
#include "catalog/strings.h"
#include "store/store.h"

struct err;

enum unfinished_kind {
    /* a push that this user can resume: checkpoint on this host, upload in the bucket */
    UNFINISHED_PUSH,
    UNFINISHED_PULL,   /* a pull that this user can resume: partial download on this host */
    UNFINISHED_UPLOAD, /* an upload in the bucket without checkpoint on this host */
    /* a temporary object that no push of this host needs, or the claim of a first platform */
    UNFINISHED_OBJECT,
    UNFINISHED_ARCHIVE,   /* an archive without metadata: its push did not finish */
    UNFINISHED_RETIRED,   /* an archive that a cleanup has retired at `touched` */
    UNFINISHED_DATA,      /* an object that no image needs; only a sweep finds out (sweep.h) */
    UNFINISHED_TOMBSTONE, /* a tombstone whose archive is deleted or in use; not shown to users */
};

/* Missing strings are "". */
struct unfinished {
    enum unfinished_kind kind;
    const char *where;    /* the bucket; "": this one */
    const char *key;      /* "": the checkpoint or partial download is damaged */
    const char *platform; /* of a pull of format 3: as platform_text */
    const char *id;       /* of the upload or of the partial download */
    const char *state;    /* of a push: name of its checkpoint */
    const char *folder;   /* of a push: folder of its temporary objects */
    uint64_t size;        /* bytes that were transferred, or are stored; 0: not known */
    int64_t touched;      /* wall ns of the last known progress; 0: not known */
    bool elsewhere;       /* it belongs to another bucket */
    bool busy;            /* it is running */
};

struct unfinished_list {
    struct unfinished *items;
    size_t count, room;
    int64_t now; /* wall ns, by the store's clock if that is known */
    /* Applications with objects or tombstones that only a sweep can judge (sweep.h); owned. */
    const char **apps;
    size_t app_count, app_room;
    bool uploads_unknown; /* the store does not list uploads: only those of this host are known */
    struct strings strings;

    char app[NAME_APP_MAX]; /* the application whose references were read last */
    struct references references;
    char refs_app[NAME_APP_MAX]; /* the same for the objects that its documents need */
    struct object_refs *refs;
};

/* Lists everything, in the order of kinds. Only uploads and objects under keys of s3dock are
 * listed. A store that refuses to list them is an error, unless it does not implement the list of
 * uploads. Call unfinished_finish after a failure, too. */
int unfinished_read(struct store *store, struct unfinished_list *out, struct err *err);
void unfinished_finish(struct unfinished_list *list);

#endif
