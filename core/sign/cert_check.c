/* OpenSSH ignores critical options of certificates that sign. Here they are refused: each of them
 * limits the use of the key, and a signature does not show where it was made. */
#include "sign/cert_check.h"

#include <stdbool.h>
#include <stddef.h>

#include "sign/proof.h"
#include "sign/ssh_key.h"

const char *cert_fault(const struct ssh_key *key, int64_t seconds)
{
    const struct cert_fields *cert = &key->cert;
    uint64_t time = seconds > 0 ? (uint64_t)seconds : 0;
    struct ssh_key ca;

    if (!cert->user)
        return "the certificate is of a host";
    if (cert->principals.size == 0)
        return "the certificate has no principals";
    if (time < cert->valid_after)
        return "the certificate was not yet valid";
    if (time >= cert->valid_before)
        return "the certificate had expired";
    if (cert->unknown_critical)
        return "the certificate has a critical option that limits its use";
    if (ssh_key_read_plain(cert->ca, &ca))
        return "the key of the CA is malformed";
    return proof_fault(&ca, false, cert->signature, cert->body) ? "the signature of the CA is wrong"
                                                                : NULL;
}
