/*
 * signing - the steps of a writer of documents for their signatures. The floors that write
 * documents have no keys: trust/document_signer implements the table.
 *
 * The writer calls `before` with the exact bytes that it is about to write, then writes the
 * document, then calls `after`. After a kill between two of these steps, a signature still proves
 * the document of the bucket.
 */
#ifndef S3DOCK_CATALOG_SIGNING_H
#define S3DOCK_CATALOG_SIGNING_H

#include "base/bytes.h"

struct err;
struct store;

struct signing;
struct signing_table {
    /* Signs the document and adds the signature to the object of `key`. Waits, possibly for a user.
     */
    int (*before)(struct signing *signing, struct store *store, const char *key,
                  struct view document, struct err *err);
    /* Restores the signature if another writer has dropped it meanwhile. */
    int (*after)(struct signing *signing, struct store *store, const char *key,
                 struct view document, struct err *err);
    /* Returns who has signed the document: SIGNING_OWN for this key, SIGNING_OTHERS for another,
     * the sum of both, or 0 if no signature proves it. May sign the document to learn its own key,
     * and writes nothing. */
    int (*state)(struct signing *signing, struct store *store, const char *key,
                 struct view document, struct err *err);
};
enum { SIGNING_OWN = 1, SIGNING_OTHERS = 2 };

/* The first member of an implementation. */
struct signing {
    const struct signing_table *table;
};

/* Do nothing and return 0 if `signing` is NULL: nothing is signed. */
static inline int signing_before(struct signing *signing, struct store *store, const char *key,
                                 struct view document, struct err *err)
{
    return signing ? signing->table->before(signing, store, key, document, err) : 0;
}

static inline int signing_after(struct signing *signing, struct store *store, const char *key,
                                struct view document, struct err *err)
{
    return signing ? signing->table->after(signing, store, key, document, err) : 0;
}

#endif
