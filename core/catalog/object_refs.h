/*
 * object_refs - the references from the documents of an application to the objects of the bucket.
 *
 * A document is metadata below images/, metadata below archive/, or a tombstone that has metadata
 * and is not `deleting`. It needs its index and its objects; with a format up to 2, the archive
 * beside it. Objects of one application are needed by its own documents only.
 */
#ifndef S3DOCK_CATALOG_OBJECT_REFS_H
#define S3DOCK_CATALOG_OBJECT_REFS_H

#include <stdint.h>

#include "catalog/locate.h"
#include "store/store.h"

struct err;

struct object_refs;

/* Receives each document that is read, also one that is read again. `at` is lent; of a tombstone it
 * is `retired`. Called on the caller's thread, in no order. */
typedef int object_refs_fn(void *arg, const struct located *at, struct err *err);

/* Reads all documents of the application and waits: lists, and FETCH_WIDTH documents at a time.
 * `each` may be NULL. conflict.referenced: a document cannot be read, or a newer program wrote it;
 * then it is not known which objects are needed. */
int object_refs_read(struct store *store, const char *app, object_refs_fn *each, void *arg,
                     struct object_refs **out, struct err *err);
/* Reads the documents that were written or deleted since then. A document that existed when this
 * function was called, and still exists when it returns, is counted, also if it was moved
 * meanwhile. After a failure, the counts are not valid. */
int object_refs_again(struct store *store, struct object_refs *refs, struct err *err);
/* Returns the number of documents that need the object, without the document with the key `except`
 * (NULL: all). An object with the key of a needed one counts as that one if its ETag or its size is
 * the same: the ETags of a copied bucket differ. `etag` "": only the key counts. */
unsigned object_refs_count(const struct object_refs *refs, const char *except, const char *key,
                           const char *etag, uint64_t size);
void object_refs_destroy(struct object_refs *refs); /* takes NULL */

#endif
