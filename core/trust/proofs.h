/*
 * proofs - the keys that a host trusts, and the verdict on one signature.
 */
#ifndef S3DOCK_TRUST_PROOFS_H
#define S3DOCK_TRUST_PROOFS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"
#include "sign/ssh_key.h"

struct err;
struct signer;

#define PROOFS_IDENTITY_SIZE 256

/* One signature, as a report for people. */
struct signature_proof {
    bool proves;    /* its key has signed exactly these bytes, in the namespace of the document */
    bool sound;     /* the signers file lists the key for that, at the stated time */
    bool permitted; /* the policy counts it */
    char identity[PROOFS_IDENTITY_SIZE]; /* of the line, or of the certificate; "": not known */
    char key[SSH_FINGERPRINT_SIZE];      /* "": the block cannot be read */
    char code[32];                       /* of the refusal, else "" */
    char why[256];                       /* why it is not sound or not permitted; else "" */
};

struct proofs;
/* Reads the signers file, and the revoked keys (NULL: none). usage.trust: a file is missing, has
 * a wrong line, or can be written by others. */
struct proofs *proofs_open(const char *signers, const char *revoked, struct err *err);
void proofs_close(struct proofs *proofs); /* takes NULL */

/* Judges one armored block, and fills *out but for `permitted`. `at`: wall ns, the time for
 * which the lines of the signers file must be valid. Returns whether it is sound; then the
 * caller calls signer_finish. */
bool proofs_judge(const struct proofs *proofs, struct view block, const char *name_space,
                  struct view document, int64_t at, struct signature_proof *out,
                  struct signer *signer);

#endif
