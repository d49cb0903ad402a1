/*
 * guard - the signatures that a profile demands, and the proof of the documents of a bucket.
 *
 * The guard has the lines of the signers file, the revoked keys, the policy and the sequence
 * numbers of this host. It reads a document and its signatures at once. If no signature proves the
 * document, it reads both once more, because a writer may be between its two writes.
 *
 * A reader uses the bytes that were proven; it does not read the document a second time.
 *
 * Errors: trust.missing (no signature), trust.signature (no signature proves these bytes),
 * trust.signer (a good signature of a key or identity that may not sign this, or of too few),
 * trust.revoked, trust.statement (the document states another application, name or platform than
 * its place), trust.sequence (an old document), trust.moved (an image that the environment does not
 * state), trust.clock (a time that is yet to come), trust.memory (sequences.h).
 */
#ifndef S3DOCK_TRUST_GUARD_H
#define S3DOCK_TRUST_GUARD_H

#include <stdbool.h>

#include "catalog/resolve.h"
#include "catalog/statement.h"
#include "store/store.h"
#include "trust/policy.h"
#include "trust/proofs.h"

struct err;
struct text;

struct guard_settings {
    const char *signers;  /* path of the allowed_signers file */
    const char *revoked;  /* path of the list of revoked keys; NULL: none */
    const char *memory;   /* folder of the sequence numbers; NULL: that of the user */
    struct policy policy; /* the guard owns it, after a failure, too */
};

struct guard;
/* Reads both files, which only the user and root may be able to write. */
struct guard *guard_open(struct guard_settings *settings, struct err *err);
void guard_close(struct guard *guard); /* takes NULL */

/* Returns whether documents of this kind must be signed. False for NULL: nothing must. */
bool guard_requires(const struct guard *guard, enum policy_kind kind);

/* ---- what signed a document ---- */

struct guard_report {
    unsigned count;
    struct signature_proof signatures[POLICY_PROOFS_MAX];
    bool holds; /* enough identities that may sign it have signed it */
    bool read;  /* `statement` was read */
    struct statement statement;
    struct err why; /* if the policy does not hold */
};

/* A document with its proof. Zero it before use. */
struct guarded_document {
    struct text document;      /* owned */
    char etag[STORE_ETAG_MAX]; /* of the document */
    struct guard_report report;
};
/* Reads a document of at most `max` bytes, and judges its signatures whatever the policy
 * requires. The verdict is in the report. `guard` NULL: reads the document alone. */
enum store_answer guard_read(const struct guard *guard, struct store *store, const char *key,
                             size_t max, struct guarded_document *out, struct err *err);
void guarded_document_finish(struct guarded_document *document);
/* Returns true if at least one permitted signer has signed the document, even if more are
 * demanded. */
bool guard_is_signed(const struct guard_report *report);
/* Judges a document that is not read from `key`, with the object of its signatures. */
void guard_judge(const struct guard *guard, const struct store *store, const char *key,
                 struct view document, struct view signatures, struct guard_report *report);

/* ---- versions and environments ---- */

/* The image of an environment or a version, and the documents that lead to it. */
struct guarded {
    struct resolved resolved;
    char etag[STORE_ETAG_MAX]; /* of the pointer */
    bool stated;               /* `statement` binds the image: it was proven */
    struct statement statement;
};
/* Read the pointer, and the version that it leads to. Fail as resolve_environment and
 * resolve_tag, and with trust.*. With the policy, the sequence numbers of this host are compared
 * and raised. */
int guard_environment(const struct guard *guard, struct store *store, const char *app,
                      const char *env, struct guarded *out, struct err *err);
int guard_version(const struct guard *guard, struct store *store, const char *app,
                  const char *version, struct guarded *out, struct err *err);
/* Forgets the sequence number of the document of a key. Returns 1 if there was none. */
int guard_forget(const struct guard *guard, const struct store *store, const char *key,
                 struct err *err);

#endif
