/*
 * A key becomes a SubjectPublicKeyInfo (RFC 5280), which all versions of OpenSSL read without
 * functions that later versions discourage. An mpint of SSH and an INTEGER of DER have the same
 * bytes.
 */
#include "sign/proof.h"

#include <stdint.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "sign/ssh_key.h"
#include "sign/wire.h"

#define DER_MAX           (8 * KIB)
#define DER_INTEGER       0x02
#define DER_BIT_STRING    0x03
#define DER_SEQUENCE      0x30
#define FLAG_USER_PRESENT 0x01
#define FLAG_VERIFIED     0x04
#define WRONG             "it does not fit its key and the signed bytes"
#define RSA_BYTES_MAX     2048

/* The AlgorithmIdentifier of each kind: an OID with NULL (RSA), or two OIDs (a curve). */
static const char ID_RSA[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
static const char ID_P256[] =
    "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
static const char ID_P384[] =
    "\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
static const char ID_P521[] =
    "\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23";
static const char ID_ED25519[] = "\x30\x05\x06\x03\x2b\x65\x70";

/* ---- DER ---- */

static void der_add_head(struct text *out, uint8_t tag, size_t size)
{
    text_char(out, (char)tag);
    if (size >= 0x100)
        text_char(out, (char)0x82), text_char(out, (char)(size >> 8));
    else if (size >= 0x80)
        text_char(out, (char)0x81);
    text_char(out, (char)size);
}

static void der_add(struct text *out, uint8_t tag, struct view content)
{
    der_add_head(out, tag, content.size);
    text_add(out, content.data, content.size);
}

/* Adds a sequence of two numbers. */
static void der_add_pair(struct text *out, struct view a, struct view b)
{
    _cleanup_text_ struct text pair = {0};

    text_init(&pair, DER_MAX);
    der_add(&pair, DER_INTEGER, a);
    der_add(&pair, DER_INTEGER, b);
    der_add(out, DER_SEQUENCE, text_view(&pair));
}

static struct view algorithm_of(enum ssh_kind kind)
{
    switch (kind) {
    case SSH_ED25519:
    case SSH_SK_ED25519:
        return view_of(ID_ED25519, sizeof ID_ED25519 - 1);
    case SSH_ECDSA_P384:
        return view_of(ID_P384, sizeof ID_P384 - 1);
    case SSH_ECDSA_P521:
        return view_of(ID_P521, sizeof ID_P521 - 1);
    case SSH_RSA:
        return view_of(ID_RSA, sizeof ID_RSA - 1);
    case SSH_ECDSA_P256:
    case SSH_SK_ECDSA:
        break;
    }
    return view_of(ID_P256, sizeof ID_P256 - 1);
}

/* Returns NULL if OpenSSL refuses the key, for example a point that is not on the curve. */
static EVP_PKEY *load_key(const struct ssh_key *key)
{
    _cleanup_text_ struct text bits = {0}, info = {0}, whole = {0};
    const unsigned char *at;

    text_init(&bits, DER_MAX);
    text_init(&info, DER_MAX);
    text_init(&whole, DER_MAX);
    text_char(&bits, '\0'); /* no unused bits */
    if (key->kind == SSH_RSA)
        der_add_pair(&bits, key->modulus, key->exponent);
    else
        text_add(&bits, key->point.data, key->point.size);
    text_add(&info, algorithm_of(key->kind).data, algorithm_of(key->kind).size);
    der_add(&info, DER_BIT_STRING, text_view(&bits));
    der_add(&whole, DER_SEQUENCE, text_view(&info));
    if (bits.failed || info.failed || whole.failed)
        return NULL;
    at = (const unsigned char *)whole.data;
    return d2i_PUBKEY(NULL, &at, (long)whole.size);
}

/* ---- mathematics ---- */

/* Each returns NULL or the reason of the refusal. */
static const char *verify(const struct ssh_key *key, const EVP_MD *hash, struct view signature,
                          struct view data)
{
    EVP_PKEY *public = load_key(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const char *fault = NULL;

    if (!public || !context || EVP_DigestVerifyInit(context, NULL, hash, NULL, public) != 1)
        fault = "OpenSSL refuses its key"; /* malformed, or forbidden on this machine */
    else if (EVP_DigestVerify(context, signature.data, signature.size, data.data, data.size) != 1)
        fault = WRONG;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    ERR_clear_error();
    return fault;
}

static const EVP_MD *hash_of(enum ssh_kind kind)
{
    return kind == SSH_ECDSA_P384   ? EVP_sha384()
           : kind == SSH_ECDSA_P521 ? EVP_sha512()
                                    : EVP_sha256();
}

static const char *verify_ecdsa(const struct ssh_key *key, struct view signature, struct view data)
{
    _cleanup_text_ struct text der = {0};
    struct wire_reader reader = wire_of(signature);
    struct view r = wire_positive(&reader), s = wire_positive(&reader);

    text_init(&der, DER_MAX);
    if (!wire_ended(&reader) || r.size > key->point.size || s.size > key->point.size)
        return WRONG;
    der_add_pair(&der, r, s);
    return der.failed ? "out of memory" : verify(key, hash_of(key->kind), text_view(&der), data);
}

/* As in OpenSSH, a signature without its leading zeroes is accepted: some agents omit them. */
static const char *verify_rsa(const struct ssh_key *key, const EVP_MD *hash, struct view signature,
                              struct view data)
{
    size_t size = key->modulus.size - (key->modulus.data[0] == 0);
    uint8_t padded[RSA_BYTES_MAX] = {0};

    if (signature.size == 0 || signature.size > size || size > sizeof padded)
        return WRONG;
    memcpy(padded + size - signature.size, signature.data, signature.size);
    return verify(key, hash, view_of(padded, size), data);
}

/* Verifies a plain signature with the mathematics of a kind. */
static const char *verify_bytes(const struct ssh_key *key, struct view name, struct view signature,
                                struct view data)
{
    switch (key->kind) {
    case SSH_ED25519:
    case SSH_SK_ED25519:
        return verify(key, NULL, signature, data);
    case SSH_RSA:
        return verify_rsa(key, view_equals_str(name, "rsa-sha2-512") ? EVP_sha512() : EVP_sha256(),
                          signature, data);
    case SSH_ECDSA_P256:
    case SSH_ECDSA_P384:
    case SSH_ECDSA_P521:
    case SSH_SK_ECDSA:
        break;
    }
    return verify_ecdsa(key, signature, data);
}

/* ---- security keys ---- */

static bool is_token(const struct ssh_key *key)
{
    return key->kind == SSH_SK_ED25519 || key->kind == SSH_SK_ECDSA;
}

/* A security key signs the hash of its application, flags, a counter, and the hash of the data. */
static void add_token_data(struct text *out, const struct ssh_key *key, uint64_t flags,
                           uint64_t counter, struct view data)
{
    uint8_t digest[SHA256_SIZE];

    sha256_of(key->application, digest);
    text_add(out, digest, sizeof digest);
    wire_add_number(out, flags, 1);
    wire_add_number(out, counter, 4);
    sha256_of(data, digest);
    text_add(out, digest, sizeof digest);
}

static const char *token_fault(const struct ssh_key *key, bool verified, struct wire_reader *reader,
                               struct view signature, struct view data)
{
    _cleanup_text_ struct text signed_data = {0};
    uint64_t flags = wire_number(reader, 1), counter = wire_number(reader, 4);
    const char *fault;

    text_init(&signed_data, 2 * SHA256_SIZE + 5);
    if (!wire_ended(reader))
        return "it is malformed";
    add_token_data(&signed_data, key, flags, counter, data);
    if (signed_data.failed)
        return "out of memory";
    fault = verify_bytes(key, view_str(""), signature, text_view(&signed_data));
    if (fault)
        return fault;
    if (!(flags & FLAG_USER_PRESENT))
        return "its security key was not touched";
    if (verified && !(flags & FLAG_VERIFIED))
        return "its security key was used without the PIN that its certificate demands";
    return NULL;
}

/* ---- the blob ---- */

static bool name_fits(const struct ssh_key *key, struct view name)
{
    struct ssh_key plain = *key;

    if (key->kind == SSH_RSA)
        return view_equals_str(name, "rsa-sha2-512") || view_equals_str(name, "rsa-sha2-256");
    plain.is_cert = false;
    return view_equals_str(name, ssh_key_name(&plain));
}

const char *proof_fault(const struct ssh_key *key, bool verified, struct view signature,
                        struct view data)
{
    struct wire_reader reader = wire_of(signature);
    struct view name = wire_string(&reader), bytes = wire_string(&reader);

    if (reader.failed)
        return "it is malformed";
    if (!name_fits(key, name))
        return "its algorithm does not fit its key, or is not supported";
    if (is_token(key))
        return token_fault(key, verified, &reader, bytes, data);
    if (verified)
        return "its certificate demands the PIN of a security key";
    if (!wire_ended(&reader))
        return "it is malformed";
    return verify_bytes(key, name, bytes, data);
}
