#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "credentials/dpop.h"
#include "kit/ec_key.h"

#define NOW (INT64_C(1772359200) * NS_PER_S)
#define URL "https://us-east-1.signin.aws.amazon.com/v1/token"

/* Decodes base64url without padding. Returns the number of bytes. */
static size_t decode_part(const char *part, size_t size, uint8_t *out, size_t room)
{
    char text[2048] = "";

    assert_true(size + 4 < sizeof text);
    memcpy(text, part, size);
    for (char *at = text; *at; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    while (strlen(text) % 4)
        strcat(text, "=");
    long got = base64_decode(text, strlen(text), out, room);
    assert_true(got >= 0);
    return (size_t)got;
}

static bool signature_is_valid(EVP_PKEY *key, const char *signed_text, size_t size,
                               const uint8_t numbers[64])
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t *der = NULL;

    ECDSA_SIG_set0(signature, BN_bin2bn(numbers, 32, NULL), BN_bin2bn(numbers + 32, 32, NULL));
    int length = i2d_ECDSA_SIG(signature, &der);
    bool valid =
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, der, (size_t)length, (const uint8_t *)signed_text, size) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(context);
    ECDSA_SIG_free(signature);
    return valid;
}

static void a_proof_is_signed_with_the_key(void **state)
{
    EVP_PKEY *key = ec_key_make(NID_X9_62_prime256v1);
    char *pem = ec_key_pem(key), proof[DPOP_PROOF_MAX];
    uint8_t part[2048];
    struct err err;

    (void)state;
    assert_int_equal(dpop_proof(pem, "POST", URL, NOW, proof, &err), 0);
    const char *claims = strchr(proof, '.') + 1, *signature = strchr(claims, '.') + 1;

    part[decode_part(proof, (size_t)(claims - proof - 1), part, sizeof part - 1)] = 0;
    assert_non_null(strstr((char *)part, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":"
                                         "\"EC\",\"x\":\""));
    part[decode_part(claims, (size_t)(signature - claims - 1), part, sizeof part - 1)] = 0;
    assert_non_null(
        strstr((char *)part, "\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1772359200}"));
    assert_int_equal(decode_part(signature, strlen(signature), part, sizeof part), 64);
    assert_true(signature_is_valid(key, proof, (size_t)(signature - proof - 1), part));
    free(pem);
    EVP_PKEY_free(key);
}

static void another_key_is_refused(void **state)
{
    EVP_PKEY *other = ec_key_make(NID_secp384r1);
    char *pem = ec_key_pem(other), proof[DPOP_PROOF_MAX];
    struct err err;

    (void)state;
    assert_int_equal(dpop_proof(pem, "POST", URL, NOW, proof, &err), ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_LOGIN));
    assert_int_equal(dpop_proof("no key", "POST", URL, NOW, proof, &err), ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_LOGIN));
    free(pem);
    EVP_PKEY_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_is_signed_with_the_key),
        cmocka_unit_test(another_key_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
