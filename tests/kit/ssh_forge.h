/*
 * ssh_forge - makes keys, certificates and signatures of OpenSSH's forms, right and wrong ones.
 *
 * ssh-keygen makes only right ones, and needs a device for security keys. Each text that a function
 * fills is initialised by it, and finished by the caller.
 */
#ifndef S3DOCK_TESTS_KIT_SSH_FORGE_H
#define S3DOCK_TESTS_KIT_SSH_FORGE_H

#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "sign/ssh_key.h"
#include "sign/wire.h"
#include "tests/kit/ec_key.h"

#define FORGE_APPLICATION "ssh:"

struct forge_key {
    enum ssh_kind kind; /* Ed25519, P-256, and both kinds of security keys */
    EVP_PKEY *pair;
    struct text blob;
    unsigned flags; /* of security keys: 1 touched, 4 PIN */
};

struct forge_block {
    const char *magic;
    uint32_t version;
    struct view key;
    struct view name_space, reserved;
    const char *hash;
    struct view signature;
    const char *tail; /* bytes behind the end */
};

static inline void forge_check(bool good)
{
    if (!good)
        abort();
}

static inline const char *forge_name(enum ssh_kind kind)
{
    struct ssh_key key = {.kind = kind};

    return ssh_key_name(&key);
}

static inline bool forge_on_curve(enum ssh_kind kind)
{
    return kind == SSH_ECDSA_P256 || kind == SSH_SK_ECDSA;
}

static inline bool forge_on_token(enum ssh_kind kind)
{
    return kind == SSH_SK_ED25519 || kind == SSH_SK_ECDSA;
}

/* Adds the fields of the key behind its name (and nonce). */
static inline void forge_add_fields(struct text *out, const struct forge_key *key)
{
    uint8_t point[256];
    size_t size = sizeof point;

    if (forge_on_curve(key->kind)) {
        wire_add_string(out, view_str("nistp256"));
        size = ec_key_point(key->pair, point, sizeof point);
        forge_check(size > 0);
    } else {
        forge_check(EVP_PKEY_get_raw_public_key(key->pair, point, &size) == 1);
    }
    wire_add_string(out, view_of(point, size));
    if (forge_on_token(key->kind))
        wire_add_string(out, view_str(FORGE_APPLICATION));
}

static inline struct forge_key forge_key_make(enum ssh_kind kind, uint8_t seed)
{
    struct forge_key key = {.kind = kind, .flags = 1};
    uint8_t secret[32];

    memset(secret, seed, sizeof secret);
    key.pair = forge_on_curve(kind)
                   ? ec_key_make(NID_X9_62_prime256v1)
                   : EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof secret);
    forge_check(key.pair != NULL);
    text_init(&key.blob, 4 * KIB);
    wire_add_string(&key.blob, view_str(forge_name(kind)));
    forge_add_fields(&key.blob, &key);
    return key;
}

static inline void forge_key_finish(struct forge_key *key)
{
    EVP_PKEY_free(key->pair);
    text_finish(&key->blob);
}

/* ---- signatures ---- */

static inline void forge_add_number(struct text *out, const BIGNUM *number)
{
    uint8_t bytes[67] = {0};
    size_t size = (size_t)BN_num_bytes(number);
    bool sign = size > 0 && BN_num_bits(number) % 8 == 0;

    forge_check(size < sizeof bytes);
    BN_bn2bin(number, bytes + 1);
    wire_add_string(out, view_of(bytes + !sign, size + sign));
}

/* Adds r and s of a signature in DER. */
static inline void forge_add_pair(struct text *out, const uint8_t *der, size_t size)
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);

    forge_check(pair != NULL);
    forge_add_number(out, ECDSA_SIG_get0_r(pair));
    forge_add_number(out, ECDSA_SIG_get0_s(pair));
    ECDSA_SIG_free(pair);
}

/* Fills `out` with the second string of a signature. */
static inline void forge_sign_bytes(const struct forge_key *key, struct view data, struct text *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t bytes[256];
    size_t size = sizeof bytes;
    bool curve = forge_on_curve(key->kind);

    text_init(out, 4 * KIB);
    forge_check(EVP_DigestSignInit(context, NULL, curve ? EVP_sha256() : NULL, NULL, key->pair) ==
                1);
    forge_check(EVP_DigestSign(context, bytes, &size, data.data, data.size) == 1);
    EVP_MD_CTX_free(context);
    if (curve)
        forge_add_pair(out, bytes, size);
    else
        text_add(out, bytes, size);
}

/* Fills `out` with a whole signature: name, bytes, and the flags of a security key. */
static inline void forge_sign(const struct forge_key *key, struct view data, struct text *out)
{
    struct text bytes, token;
    uint8_t digest[SHA256_SIZE];

    text_init(out, 4 * KIB);
    text_init(&token, KIB);
    wire_add_string(out, view_str(forge_name(key->kind)));
    if (forge_on_token(key->kind)) {
        sha256_of(view_str(FORGE_APPLICATION), digest);
        text_add(&token, digest, sizeof digest);
        wire_add_number(&token, key->flags, 1);
        wire_add_number(&token, 42, 4);
        sha256_of(data, digest);
        text_add(&token, digest, sizeof digest);
        data = text_view(&token);
    }
    forge_sign_bytes(key, data, &bytes);
    wire_add_string(out, text_view(&bytes));
    if (forge_on_token(key->kind)) {
        wire_add_number(out, key->flags, 1);
        wire_add_number(out, 42, 4);
    }
    text_finish(&bytes);
    text_finish(&token);
}

/* Fills `out` with the bytes that a signature of a message signs. */
static inline void forge_signed_bytes(const char *name_space, const char *hash, struct view message,
                                      struct text *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    EVP_Digest(message.data, message.size, digest, &size, EVP_get_digestbyname(hash), NULL);
    text_init(out, 4 * KIB);
    text_str(out, "SSHSIG");
    wire_add_string(out, view_str(name_space));
    wire_add_string(out, view_str(""));
    wire_add_string(out, view_str(hash));
    wire_add_string(out, view_of(digest, size));
}

/* ---- blocks ---- */

static inline struct forge_block forge_block_of(struct view key, const char *name_space,
                                                struct view signature)
{
    return (struct forge_block){.magic = "SSHSIG",
                                .version = 1,
                                .key = key,
                                .name_space = view_str(name_space),
                                .hash = "sha512",
                                .signature = signature,
                                .tail = ""};
}

/* Fills `out` with the binary form of a block. */
static inline void forge_block_blob(const struct forge_block *block, struct text *out)
{
    text_init(out, 96 * KIB);
    text_str(out, block->magic);
    wire_add_number(out, block->version, 4);
    wire_add_string(out, block->key);
    wire_add_string(out, block->name_space);
    wire_add_string(out, block->reserved);
    wire_add_string(out, view_str(block->hash));
    wire_add_string(out, block->signature);
    text_str(out, block->tail);
}

/* Fills `out` with the text form of a blob: lines of 70 letters, as those of ssh-keygen. */
static inline void forge_armor(struct view blob, struct text *out)
{
    char *letters = malloc(BASE64_SIZE(blob.size));
    size_t size;

    forge_check(letters != NULL);
    base64_encode(blob.data, blob.size, letters);
    size = strlen(letters);
    text_init(out, 128 * KIB);
    text_str(out, "-----BEGIN SSH SIGNATURE-----\n");
    for (size_t at = 0; at < size; at += 70) {
        text_add(out, letters + at, size - at < 70 ? size - at : 70);
        text_char(out, '\n');
    }
    text_str(out, "-----END SSH SIGNATURE-----\n");
    free(letters);
}

/* Fills `out` with a good signature of a message. `key` is the blob that it names: that of the
 * signer, or a certificate of it. */
static inline void forge_message(const struct forge_key *signer, struct view key,
                                 const char *name_space, struct view message, struct text *out)
{
    struct text bytes, signature, blob;
    struct forge_block block;

    forge_signed_bytes(name_space, "sha512", message, &bytes);
    forge_sign(signer, text_view(&bytes), &signature);
    block = forge_block_of(key, name_space, text_view(&signature));
    forge_block_blob(&block, &blob);
    forge_armor(text_view(&blob), out);
    text_finish(&bytes);
    text_finish(&signature);
    text_finish(&blob);
}

/* ---- certificates ---- */

struct forge_cert {
    uint64_t serial;
    uint32_t type; /* 1: user */
    const char *key_id;
    const char *principals[4]; /* NULL behind the last one */
    uint64_t valid_after, valid_before;
    const char *critical; /* name of a critical option without data; NULL: none */
    const char *reserved;
};

/* Fills `out` with a certificate of a key. */
static inline void forge_certify(const struct forge_key *key, const struct forge_key *ca,
                                 const struct forge_cert *cert, struct text *out)
{
    struct ssh_key form = {.kind = key->kind, .is_cert = true};
    struct text list, critical, signature;

    text_init(out, 8 * KIB);
    text_init(&list, 4 * KIB);
    text_init(&critical, KIB);
    for (size_t i = 0; i < 4 && cert->principals[i]; i++)
        wire_add_string(&list, view_str(cert->principals[i]));
    if (cert->critical) {
        wire_add_string(&critical, view_str(cert->critical));
        wire_add_string(&critical, view_str(""));
    }
    wire_add_string(out, view_str(ssh_key_name(&form)));
    wire_add_string(out, view_str("nonce"));
    forge_add_fields(out, key);
    wire_add_number(out, cert->serial, 8);
    wire_add_number(out, cert->type, 4);
    wire_add_string(out, view_str(cert->key_id));
    wire_add_string(out, text_view(&list));
    wire_add_number(out, cert->valid_after, 8);
    wire_add_number(out, cert->valid_before, 8);
    wire_add_string(out, text_view(&critical));
    wire_add_string(out, view_str("")); /* extensions */
    wire_add_string(out, view_str(cert->reserved ? cert->reserved : ""));
    wire_add_string(out, text_view(&ca->blob));
    forge_sign(ca, text_view(out), &signature);
    wire_add_string(out, text_view(&signature));
    text_finish(&list);
    text_finish(&critical);
    text_finish(&signature);
}

/* Fills `out` with a line of an allowed_signers file. */
static inline void forge_line(const char *principals, const char *options, struct view blob,
                              struct text *out)
{
    struct wire_reader reader = wire_of(blob);
    struct view name = wire_string(&reader);
    char *letters = malloc(BASE64_SIZE(blob.size));

    forge_check(letters != NULL);
    base64_encode(blob.data, blob.size, letters);
    text_init(out, 16 * KIB);
    text_printf(out, "%s %s%s%.*s %s a comment\n", principals, options, *options ? " " : "",
                (int)name.size, (const char *)name.data, letters);
    free(letters);
}

#endif
