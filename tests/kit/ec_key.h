/*
 * ec_key - writes a key of a test as PEM.
 */
#ifndef S3DOCK_TESTS_KIT_EC_KEY_H
#define S3DOCK_TESTS_KIT_EC_KEY_H

#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

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
