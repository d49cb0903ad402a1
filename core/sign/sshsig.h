/*
 * sshsig - signatures of OpenSSH (PROTOCOL.sshsig), as `ssh-keygen -Y sign` writes them.
 *
 * A signature proves that the owner of a key signed a message for a purpose, the namespace. It does
 * not prove that this owner may: sign/signers decides that.
 */
#ifndef S3DOCK_SIGN_SSHSIG_H
#define S3DOCK_SIGN_SSHSIG_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/view.h"
#include "sign/ssh_key.h"

struct err;

#define SSHSIG_FILE_MAX (64 * KIB) /* of an object with several blocks */

struct sshsig {
    struct text blob; /* the views below point into it */
    struct ssh_key key;
    struct view name_space;
    bool sha512; /* else SHA-256 */
    struct view signature;
};

/* Reads one block: BEGIN line, base64, END line, and white space around them. armor_next
 * (sign/armor) cuts blocks from a file. Failure: trust.signature, and `sig` is empty. The caller
 * finishes `sig`. A signature that is read is not proven. */
int sshsig_parse(struct view armored, struct sshsig *sig, struct err *err);
void sshsig_finish(struct sshsig *sig); /* takes a zeroed struct, too */

/* Returns 0 if the signature proves that its key signed exactly these bytes in this namespace.
 * Failure: trust.signature. Does not examine the CA of a certificate: signers_find does. */
int sshsig_prove(const struct sshsig *sig, const char *name_space, struct view message,
                 struct err *err);

#endif
