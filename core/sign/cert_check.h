/*
 * cert_check - whether a certificate of OpenSSH is valid.
 */
#ifndef S3DOCK_SIGN_CERT_CHECK_H
#define S3DOCK_SIGN_CERT_CHECK_H

#include <stdint.h>

struct ssh_key;

/* Returns NULL if a certificate is of a user, has principals, is valid at a time (seconds since
 * 1970), has no critical option but verify-required, and its CA signed it. Returns the reason
 * otherwise. Whether its CA is trusted, and for which principals, is decided by the caller. */
const char *cert_fault(const struct ssh_key *key, int64_t seconds);

#endif
