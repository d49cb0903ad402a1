/*
 * signatures - the object with the signatures of a document: signatures/{key of the document}, with
 * .sig instead of .json.
 *
 * It holds armored OpenSSH signatures (SSHSIG), one behind the other. A block that does not prove
 * the present document is ignored: it may be that of the former one, or of another writer of this
 * moment.
 */
#ifndef S3DOCK_TRUST_SIGNATURES_H
#define S3DOCK_TRUST_SIGNATURES_H

#include "base/bytes.h"
#include "catalog/keys.h"
#include "store/store.h"

struct err;

#define SIGNATURES_SIZE_MAX (64 * KIB) /* a larger object is read as none */
#define SIGNATURES_MAX      16         /* blocks that are read */
#define SIGNATURES_OTHER    4          /* blocks that prove neither document, that a writer keeps */

struct signatures {
    struct view blocks[SIGNATURES_MAX]; /* from BEGIN to END, as in the text; borrowed */
    unsigned count;
};
/* Finds the blocks of an object. Text between them is ignored, and so is what follows the 16th. */
void signatures_split(struct view text, struct signatures *out);

/* Reads the signatures of the document `key` into `out` (initialised, SIGNATURES_SIZE_MAX): "" if
 * there are none, or if they are too large. */
int signatures_read(struct store *store, const char *key, struct text *out, struct err *err);

/* A document with its signatures, as read. Zero it before use. */
struct signed_document {
    struct text document, signatures; /* owned. signatures.size 0: there are none */
    uint64_t too_large; /* bytes of signatures that are not read; 0: they are not too large */
    char etag[STORE_ETAG_MAX]; /* of the document */
    char signatures_etag[STORE_ETAG_MAX];
};
/* Reads a document of at most `max` bytes and its signatures, both at once. STORE_ABSENT: there is
 * no document. */
enum store_answer signed_document_read(struct store *store, const char *key, size_t max,
                                       struct signed_document *out, struct err *err);
/* Reads the document first, then its signatures: for a document that no signature proves, because a
 * writer may be between its two writes. Frees the former texts. */
enum store_answer signed_document_read_again(struct store *store, const char *key, size_t max,
                                             struct signed_document *out, struct err *err);
void signed_document_finish(struct signed_document *document);

/* Adds one armored block, which proves `document`, to the signatures of `key`. Blocks that prove
 * `document` or the present document of the bucket stay, and the newest SIGNATURES_OTHER of the
 * rest. A block of the same key for the same document is replaced. Repeats after the write of
 * another program; conflict.signatures: too often. Writes nothing if the object has the block
 * already. */
int signatures_add(struct store *store, const char *key, struct view document, struct view armored,
                   struct err *err);

#endif
