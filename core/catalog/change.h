/*
 * change - reads and sets the pointer of a tag or of an environment, without replacing the value of
 * another writer.
 */
#ifndef S3DOCK_CATALOG_CHANGE_H
#define S3DOCK_CATALOG_CHANGE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/pointer.h"
#include "store/store.h"

/* The document of a key. */
struct current_pointer {
    bool there;             /* the document exists */
    bool sound;             /* it is a valid pointer */
    struct pointer pointer; /* if `sound` */
    struct err fault;       /* why it is not `sound`: integrity.pointer */
    char etag[STORE_ETAG_MAX];
};

/* Reads the document of a key. A document that is not a pointer, or has more than
 * CHANGE_DOCUMENT_MAX bytes, is not a failure: see `sound`. */
int change_read(struct store *store, const char *key, struct current_pointer *out, struct err *err);
/* The same, and stores the bytes in `document` (initialised, CHANGE_DOCUMENT_MAX). */
#define CHANGE_DOCUMENT_MAX (64 * KIB)
int change_read_bytes(struct store *store, const char *key, struct current_pointer *out,
                      struct text *document, struct err *err);

enum change_answer {
    CHANGE_DONE = 0,
    CHANGE_LOST = 1,      /* another writer was faster; nothing was written */
    CHANGE_OVERTAKEN = 2, /* written, but another writer replaced it at the same time */
};
/* Writes the document of a pointer if the present one is still `was`. With `conditions`
 * (conditions_find) the store checks that. Without, the ETag is compared right before the write,
 * which leaves a gap of one request. Afterwards the document is read again in both cases: Ceph's
 * gateway may report success to two writers of the same moment, although it has dropped one of
 * them. */
int change_set(struct store *store, const char *key, const struct current_pointer *was,
               struct view document, bool conditions, struct err *err);

#endif
