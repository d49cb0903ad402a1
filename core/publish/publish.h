/*
 * publish - makes an image of format 3 visible: writes its index, then its metadata, then checks
 * that the bucket still has what the metadata names.
 *
 * Objects and index have keys of their own, so no reader finds them before. The PUT of the metadata
 * is the commit. A cleanup announces a deletion before it reads the metadata. This module looks for
 * announcements after it has written the metadata. So at least one of the two notices the other.
 */
#ifndef S3DOCK_PUBLISH_PUBLISH_H
#define S3DOCK_PUBLISH_PUBLISH_H

#include "base/bytes.h"
#include "catalog/keys.h"
#include "catalog/metadata.h"
#include "catalog/signing.h"
#include "store/store.h"

struct err;

/* Checks the objects that the metadata names. 0: all of them exist, and no tombstone announces a
 * deletion. PUBLISH_MISSING: `lost` is the key of an object that is missing or announced. */
enum { PUBLISH_MISSING = 1 };
typedef int publish_check(struct store *store, const struct metadata *metadata, char lost[KEY_MAX],
                          struct err *err);

struct publish {
    struct store *store;             /* all pointers are borrowed */
    const char *key;                 /* of the metadata */
    const char *replaces;            /* ETag of the document under `key`; "": there is none */
    const struct metadata *metadata; /* format 3 */
    struct view index;               /* for metadata->index_key. Empty: the bucket has it */
    void (*written)(void *arg);      /* called after the commit, before `check`; NULL: nothing is */
    void *arg;
    publish_check *check;
    struct signing *signing; /* signs the metadata; NULL: it is not signed */
};

enum publish_answer {
    PUBLISHED = 0,
    PUBLISH_SAME,           /* another program has published this image under `key` meanwhile, and
                               `check` has found its objects */
    PUBLISH_OTHER_PLATFORM, /* the document under `key` is of another platform */
    PUBLISH_CHANGED,        /* the document under `key` is not the expected one */
    PUBLISH_LOST, /* the check failed. The bucket has the former document again, or none */
};

/* Waits. `etag` is that of the new document. With PUBLISH_CHANGED and PUBLISH_LOST, *err has the
 * reason: conflict.push, conflict.removed. After a failure, the document may be written. */
int publish_run(const struct publish *publish, char etag[STORE_ETAG_MAX], struct err *err);

#endif
