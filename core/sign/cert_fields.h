/*
 * cert_fields - the part of an OpenSSH certificate behind its key (PROTOCOL.certkeys).
 */
#ifndef S3DOCK_SIGN_CERT_FIELDS_H
#define S3DOCK_SIGN_CERT_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

struct wire_reader;

#define CERT_PRINCIPALS_MAX 256 /* as in OpenSSH */

struct cert_fields {
    uint64_t serial;
    bool user; /* else a certificate of a host */
    struct view key_id;
    struct view principals;             /* well formed; see cert_next_principal */
    uint64_t valid_after, valid_before; /* seconds since 1970; valid if after <= time < before */
    bool verify_required;               /* critical option: each signature needs the PIN */
    bool unknown_critical;              /* it has another critical option */
    struct view ca;                     /* blob of the CA's key */
    struct view body;                   /* the bytes that the CA signed */
    struct view signature;              /* of the CA; not verified */
};

/* Reads the fields. `blob` is the whole certificate, and the views point into it. Returns false if
 * they are malformed. */
bool cert_fields_read(struct wire_reader *reader, struct view blob, struct cert_fields *cert);
/* Cuts the first principal from cert->principals. Returns false at the end. */
bool cert_next_principal(struct view *principals, struct view *principal);

#endif
