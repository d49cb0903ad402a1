/*
 * revoked - the keys that may not sign any more.
 *
 * A file has one of two forms. Text: each line is a public key ("ssh-ed25519 AAAA... comment") or a
 * fingerprint ("SHA256:... comment"); empty lines and comments (#) are skipped. Or OpenSSH's binary
 * list, as `ssh-keygen -k` writes it (sign/krl). A certificate is revoked with the key in it, and
 * with the key of its CA.
 */
#ifndef S3DOCK_SIGN_REVOKED_H
#define S3DOCK_SIGN_REVOKED_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/view.h"

struct err;
struct ssh_key;

#define REVOKED_FILE_MAX (4 * MIB)

struct revoked {
    struct text file;
    bool binary;
};

/* Reads a whole file; `name` names it in errors. Anything that is not understood is usage.revoked,
 * with the number of its line. The caller finishes `revoked`, also after a failure. The result does
 * not depend on `file` later. */
int revoked_parse(struct view file, const char *name, struct revoked *revoked, struct err *err);
void revoked_finish(struct revoked *revoked); /* takes a zeroed struct, too */
bool revoked_has(const struct revoked *revoked, const struct ssh_key *key);

#endif
