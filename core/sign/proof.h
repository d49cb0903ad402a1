/*
 * proof - verifies signatures of OpenSSH with OpenSSL.
 *
 * RSA: PKCS #1 v1.5 with SHA-256 or SHA-512, never SHA-1. ECDSA: the hash of the curve. Security
 * keys: the user must have touched the key. With `verified`, the key must be one, and the user must
 * have entered its PIN.
 */
#ifndef S3DOCK_SIGN_PROOF_H
#define S3DOCK_SIGN_PROOF_H

#include <stdbool.h>

#include "base/view.h"

struct ssh_key;

/* Returns NULL if `signature` (a blob: name, bytes) proves that the owner of the key signed `data`.
 * Returns the reason otherwise. A certificate counts as the key in it. */
const char *proof_fault(const struct ssh_key *key, bool verified, struct view signature,
                        struct view data);

#endif
