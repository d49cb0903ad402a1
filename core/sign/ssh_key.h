/*
 * ssh_key - public keys and certificates in OpenSSH's form.
 *
 * A key is read once and never copied: all views point into its blob. Kinds: Ed25519; ECDSA on
 * P-256, P-384 and P-521; RSA of 2048 to 16384 bits; security keys (FIDO) with Ed25519 and P-256.
 * DSA is refused. Each number has only its shortest form, so that equal keys have equal bytes.
 * OpenSSH also reads longer forms, which it never writes.
 */
#ifndef S3DOCK_SIGN_SSH_KEY_H
#define S3DOCK_SIGN_SSH_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"
#include "sign/cert_fields.h"

struct text;

enum ssh_kind {
    SSH_ED25519,
    SSH_ECDSA_P256,
    SSH_ECDSA_P384,
    SSH_ECDSA_P521,
    SSH_RSA,
    SSH_SK_ED25519,
    SSH_SK_ECDSA,
};

struct ssh_key {
    struct view blob;
    enum ssh_kind kind;
    bool is_cert;
    struct view fields; /* the bytes of the key itself, without name, nonce, certificate */
    struct view point;  /* Ed25519: 32 bytes; ECDSA: 4, x, y */
    struct view exponent, modulus; /* RSA: mpints */
    struct view application;       /* security keys */
    struct cert_fields cert;       /* of a certificate; the CA's key is well formed */
};

#define SSH_BLOB_MAX (48 * 1024) /* bytes of a key or certificate */

/* Reads a blob, which must outlive the key. Returns NULL, or the reason why it is refused. */
const char *ssh_key_read(struct view blob, struct ssh_key *key);
/* The same, and refuses certificates. */
const char *ssh_key_read_plain(struct view blob, struct ssh_key *key);
/* Reads "ssh-ed25519 AAAA..." from *line and moves it to the comment. The blob is stored in `blob`
 * (initialised, empty), which must outlive the key. Returns NULL or a reason, and does not move
 * *line then. */
const char *ssh_key_read_text(struct view *line, struct text *blob, struct ssh_key *key);
/* Returns "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com". */
const char *ssh_key_name(const struct ssh_key *key);
/* Returns true if a word is the name of a form of keys. */
bool ssh_key_is_name(struct view word);
/* Returns true if the keys are equal; a certificate counts as the key in it. */
bool ssh_key_same(const struct ssh_key *a, const struct ssh_key *b);
/* Appends the blob of the key; of a certificate: of the key in it. */
void ssh_key_add_plain(struct text *out, const struct ssh_key *key);

#define SSH_FINGERPRINT_SIZE 51 /* with the NUL */
/* Writes "SHA256:" and 43 characters as `ssh-keygen -l` does. */
void ssh_key_fingerprint(const struct ssh_key *key, char out[SSH_FINGERPRINT_SIZE]);

#endif
