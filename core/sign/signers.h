/*
 * signers - an allowed_signers file: who may sign.
 *
 * An identity is a literal principal of a line (no * ? ! ,), or a principal of a certificate that
 * the patterns of its CA's line accept.
 */
#ifndef S3DOCK_SIGN_SIGNERS_H
#define S3DOCK_SIGN_SIGNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/view.h"
#include "sign/ssh_key.h"

struct err;
struct revoked;
struct signers_line;
struct sshsig;

#define SIGNERS_FILE_MAX (1 * MIB)

struct signers {
    struct signers_line *lines;
    size_t count, room;
};

/* Reads a whole file; `name` names it in errors. A line that OpenSSH would ignore because of an
 * error is usage.signers, with its number: a file that is not understood permits nothing. The
 * caller finishes `signers`, also after a failure. The result does not depend on `file` later. */
int signers_parse(struct view file, const char *name, struct signers *signers, struct err *err);
void signers_finish(struct signers *signers); /* takes a zeroed struct, too */

/* Whom a signature is from. Depends on the signers until signer_finish. */
struct signer {
    char fingerprint[SSH_FINGERPRINT_SIZE]; /* of the key that signed */
    bool by_cert;
    size_t line;          /* number of the first line that permits it */
    struct text names;    /* identities, each with a NUL behind it; may be empty */
    struct text patterns; /* principals of lines with patterns, each with a NUL behind it */
};

/* Finds the lines that permit a signature: its key or the CA of its certificate, its namespace, the
 * time `at` (nanoseconds since 1970, as documents state it), and no revocation (`revoked` may be
 * NULL). Does not verify the signature itself: sshsig_prove does. Verifies what the CA signed.
 * Returns 0, and the caller finishes `signer`. Failures: trust.revoked; trust.signer, with the
 * reason of the line that comes closest. After a failure, `signer` has only the fingerprint, and
 * nothing to finish. */
int signers_find(const struct signers *signers, const struct revoked *revoked,
                 const struct sshsig *sig, const char *name_space, int64_t at,
                 struct signer *signer, struct err *err);
void signer_finish(struct signer *signer);

/* Returns true if a policy's pattern means this signer: an identity matches it; or the pattern is
 * literal and a line's patterns accept it. Two patterns are never compared. */
bool signer_is(const struct signer *signer, const char *pattern);
/* Returns true if both may be the same person: the same key, a common identity, or an identity of
 * one that the patterns of the other accept. */
bool signer_same(const struct signer *a, const struct signer *b);
/* Returns the first identity, or the principals of the line that permits the signature. */
const char *signer_name(const struct signer *signer);
/* Returns the identity behind `previous`, the first one for NULL, or NULL at the end. */
const char *signer_next_name(const struct signer *signer, const char *previous);

#endif
