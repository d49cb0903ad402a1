/*
 * ssh_signer - signs with Ed25519 keys of a test, in the form of `ssh-keygen -Y sign`, without a
 * program.
 */
#ifndef S3DOCK_KIT_SSH_SIGNER_H
#define S3DOCK_KIT_SSH_SIGNER_H

#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/bytes.h"
#include "base/hash.h"

struct ssh_signer {
    uint8_t seed[32], public_key[32];
};

/* Makes the key of a number: the same in each run. */
static inline struct ssh_signer ssh_signer_of(uint8_t number)
{
    struct ssh_signer signer;
    size_t size = sizeof signer.public_key;
    EVP_PKEY *key;

    memset(signer.seed, number, sizeof signer.seed);
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, signer.seed, sizeof signer.seed);
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, signer.public_key, &size), 1);
    EVP_PKEY_free(key);
    return signer;
}

static inline void ssh_signer_number(struct text *out, uint32_t number)
{
    const uint8_t bytes[] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                             (uint8_t)(number >> 8), (uint8_t)number};

    text_add(out, bytes, sizeof bytes);
}

static inline void ssh_signer_string(struct text *out, const void *data, size_t size)
{
    ssh_signer_number(out, (uint32_t)size);
    text_add(out, data, size);
}

static inline void ssh_signer_name(struct text *out, const char *name)
{
    ssh_signer_string(out, name, strlen(name));
}

static inline void ssh_signer_raw(const struct ssh_signer *signer, struct view message,
                                  uint8_t out[64])
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, signer->seed, sizeof signer->seed);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 64;

    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, out, &size, message.data, message.size), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

/* Adds the blob that ends with a string: the signed data, or the signature. */
static inline void ssh_signer_body(struct text *out, const char *name_space)
{
    ssh_signer_name(out, name_space);
    ssh_signer_name(out, "");
    ssh_signer_name(out, "sha512");
}

static inline void ssh_signer_armor(struct text *out, struct view blob)
{
    char *letters = test_malloc(BASE64_SIZE(4096));

    assert_in_range(blob.size, 1, 4096);
    base64_encode(blob.data, blob.size, letters);
    text_str(out, "-----BEGIN SSH SIGNATURE-----\n");
    for (size_t i = 0, size = strlen(letters); i < size; i += 70)
        text_printf(out, "%.70s\n", letters + i);
    text_str(out, "-----END SSH SIGNATURE-----\n");
    test_free(letters);
}

/* Appends an armored signature of the message. */
static inline void ssh_signer_sign(const struct ssh_signer *signer, const char *name_space,
                                   struct view message, struct text *out)
{
    _cleanup_text_ struct text data = {0}, blob = {0}, part = {0};
    uint8_t digest[64], raw[64];

    text_init(&data, 4096);
    text_init(&blob, 4096);
    text_init(&part, 4096);
    SHA512(message.data, message.size, digest);
    text_str(&data, "SSHSIG");
    ssh_signer_body(&data, name_space);
    ssh_signer_string(&data, digest, sizeof digest);
    ssh_signer_raw(signer, text_view(&data), raw);

    text_str(&blob, "SSHSIG");
    ssh_signer_number(&blob, 1);
    ssh_signer_name(&part, "ssh-ed25519");
    ssh_signer_string(&part, signer->public_key, sizeof signer->public_key);
    ssh_signer_string(&blob, part.data, part.size);
    ssh_signer_body(&blob, name_space);
    text_clear(&part);
    ssh_signer_name(&part, "ssh-ed25519");
    ssh_signer_string(&part, raw, sizeof raw);
    ssh_signer_string(&blob, part.data, part.size);
    ssh_signer_armor(out, text_view(&blob));
}

/* Appends a line of allowed_signers: principals, options ("": none), the key. */
static inline void ssh_signer_line(const struct ssh_signer *signer, const char *principals,
                                   const char *options, struct text *out)
{
    _cleanup_text_ struct text blob = {0};
    char letters[BASE64_SIZE(128)];

    text_init(&blob, 128);
    ssh_signer_name(&blob, "ssh-ed25519");
    ssh_signer_string(&blob, signer->public_key, sizeof signer->public_key);
    base64_encode((const uint8_t *)blob.data, blob.size, letters);
    text_printf(out, "%s %s%sssh-ed25519 %s\n", principals, options, *options ? " " : "", letters);
}

#endif
