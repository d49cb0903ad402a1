/*
 * krl - OpenSSH's binary list of revoked keys (PROTOCOL.krl).
 *
 * Keys by their blob, SHA-1 or SHA-256; certificates by serial number or key id, for one CA or for
 * all. A signed list is refused: its owner protects the file.
 */
#ifndef S3DOCK_SIGN_KRL_H
#define S3DOCK_SIGN_KRL_H

#include <stdbool.h>

#include "base/view.h"

struct ssh_key;

/* Returns true if a file begins as a list does. */
bool krl_is(struct view file);
/* Returns NULL, or the reason why a list is refused. */
const char *krl_fault(struct view file);
/* Returns true if a list that krl_fault has accepted revokes a key, or its CA. `ca` equals `key` if
 * it is not a certificate. */
bool krl_has(struct view file, const struct ssh_key *key, const struct ssh_key *ca);

#endif
