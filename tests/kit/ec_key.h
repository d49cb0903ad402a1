/*
 * ec_key - makes keys of tests, and writes them as PEM. OpenSSL 1.1.1 has all its functions.
 */
#ifndef S3DOCK_TESTS_KIT_EC_KEY_H
#define S3DOCK_TESTS_KIT_EC_KEY_H

#include <stdint.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* Makes a key of the curve, NID_X9_62_prime256v1 or another one. The caller frees it. */
static inline EVP_PKEY *ec_key_make(int curve)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    if (context && EVP_PKEY_keygen_init(context) == 1 &&
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, curve) == 1)
        EVP_PKEY_keygen(context, &key);
    EVP_PKEY_CTX_free(context);
    return key;
}

/* Stores the point of the key, not compressed, in at most `size` bytes. Returns its size; 0: it
 * does not fit. */
static inline size_t ec_key_point(EVP_PKEY *key, uint8_t *point, size_t size)
{
    uint8_t *der = NULL;
    int whole = i2d_PUBKEY(key, &der);
    /* The point is the end of the DER form: 4, and two coordinates of the curve's size. */
    size_t used = 1 + 2 * (((size_t)EVP_PKEY_bits(key) + 7) / 8);

    if (whole < (int)used || used > size)
        used = 0;
    else
        memcpy(point, der + whole - used, used);
    OPENSSL_free(der);
    return used;
}

/* The caller frees the text. */
static inline char *ec_key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *pem;

    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    long size = BIO_get_mem_data(bio, &data);
    pem = strndup(data, (size_t)size);
    BIO_free(bio);
    return pem;
}

#endif
