/*
 * release_options - what tag, promote and rollback take, and what they return.
 */
#ifndef S3DOCK_CATALOG_RELEASE_OPTIONS_H
#define S3DOCK_CATALOG_RELEASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "catalog/audit.h"
#include "catalog/keys.h"
#include "catalog/signing.h"
#include "store/store.h"

struct locate_reader;

struct release_options {
    struct store *store;
    struct audit_identity by;
    int64_t now; /* wall time of the change, ns */
    bool force;  /* allow to move an existing tag; sign a value again that is set already */
    struct signing *signing;      /* signs the document; NULL: it is not signed */
    struct locate_reader *reader; /* proves version and image; NULL: nothing is demanded of them */
    /* With `signing`: finds out whether the present document is signed. Its time and its sequence
     * number count only then. NULL: nothing is demanded; both count unless they are too far
     * ahead. */
    struct locate_reader *present;
    bool dry_run;
};

struct release_result {
    char key[KEY_MAX];              /* of the document */
    struct image_name image;        /* the image that the document leads to */
    char version[NAME_VERSION_MAX]; /* the tag that it leads through, or "" */
    char previous[KEY_MAX];         /* earlier target_path; "": none, or not sound */
    bool skipped;                   /* the document had this value already: it was not written */
    bool is_signed;                 /* the document got a signature */
    bool renewed;                   /* it had this value already, and was written to be signed */
    bool atomic;                    /* the store excluded other writers */
    bool audited;
    struct err why_not_audited; /* if a change was made without an event */
};

#endif
