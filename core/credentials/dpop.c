/*
 * The token has three parts in base64url: a header with the public key, the claims (method, URL,
 * time, a random id), and the signature, which is r and s of 32 bytes each.
 */
#include "credentials/dpop.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/random.h"

#define COORDINATE_SIZE 32 /* bytes of a number of P-256 */
#define POINT_SIZE      (1 + 2 * COORDINATE_SIZE)
#define ID_BYTES        16
#define PART_MAX        1536 /* bytes of a part before base64 */

static EVP_PKEY *read_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    char password[] = ""; /* an encrypted key is refused without a question */
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, password) : NULL;

    BIO_free(bio);
    return key;
}

/* The DER form of a public key of P-256 up to its point: it names algorithm and curve. */
static const uint8_t P256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

/* Gets x and y of the public key. Returns false for a key of another kind. */
static bool get_point(EVP_PKEY *key, uint8_t point[POINT_SIZE])
{
    uint8_t *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    bool fits = size == sizeof P256 + POINT_SIZE && memcmp(der, P256, sizeof P256) == 0 &&
                der[sizeof P256] == 4; /* not compressed */

    if (fits)
        memcpy(point, der + sizeof P256, POINT_SIZE);
    OPENSSL_free(der);
    return fits;
}

/* Adds base64 with the alphabet of URLs and without padding. */
static void add_base64url(struct text *out, const void *data, size_t size)
{
    char text[BASE64_SIZE(PART_MAX)];

    base64_encode(data, size, text);
    text[strcspn(text, "=")] = '\0';
    for (char *at = text; *at; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    text_str(out, text);
}

static void add_coordinate(struct json_writer *w, const char *name, const uint8_t *number)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, 64);
    add_base64url(&text, number, COORDINATE_SIZE);
    jw_string(w, name, text.data);
}

static void add_header(struct text *out, const uint8_t point[POINT_SIZE])
{
    _cleanup_text_ struct text part = {0};
    struct json_writer w;

    text_init(&part, PART_MAX);
    jw_init(&w, &part, true);
    jw_object(&w, NULL);
    jw_string(&w, "typ", "dpop+jwt");
    jw_string(&w, "alg", "ES256");
    jw_object(&w, "jwk");
    jw_string(&w, "kty", "EC");
    add_coordinate(&w, "x", point + 1);
    add_coordinate(&w, "y", point + 1 + COORDINATE_SIZE);
    jw_string(&w, "crv", "P-256");
    jw_end(&w);
    jw_end(&w);
    add_base64url(out, part.data, part.size);
}

static int add_claims(struct text *out, const char *method, const char *url, int64_t now,
                      struct err *err)
{
    _cleanup_text_ struct text part = {0};
    char id[2 * ID_BYTES + 1];
    struct json_writer w;

    if (random_hex(id, ID_BYTES, err) < 0)
        return ERR_FAIL;
    text_init(&part, PART_MAX);
    jw_init(&w, &part, true);
    jw_object(&w, NULL);
    jw_string(&w, "jti", id);
    jw_string(&w, "htm", method);
    jw_string(&w, "htu", url);
    jw_int(&w, "iat", now / NS_PER_S);
    jw_end(&w);
    add_base64url(out, part.data, part.size);
    return 0;
}

/* Turns the DER form of a signature into r and s. */
static bool read_signature(const uint8_t *der, size_t size, uint8_t numbers[2 * COORDINATE_SIZE])
{
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool good =
        signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), numbers, COORDINATE_SIZE) > 0 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), numbers + COORDINATE_SIZE, COORDINATE_SIZE) > 0;

    ECDSA_SIG_free(signature);
    return good;
}

/* Adds the signature of the text. */
static bool add_signature(struct text *out, EVP_PKEY *key)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[128], numbers[2 * COORDINATE_SIZE];
    size_t size = sizeof der;
    bool good = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, der, &size, (const uint8_t *)out->data, out->size) == 1 &&
                read_signature(der, size, numbers);

    EVP_MD_CTX_free(context);
    if (good) {
        text_char(out, '.');
        add_base64url(out, numbers, sizeof numbers);
    }
    return good;
}

static int write_proof(EVP_PKEY *key, const char *method, const char *url, int64_t now,
                       struct text *out, struct err *err)
{
    uint8_t point[POINT_SIZE];

    if (!key || !get_point(key, point))
        return err_set(err, ERR_AUTH, CODE_LOGIN, "dpopKey is no private key of the curve P-256");
    add_header(out, point);
    text_char(out, '.');
    if (add_claims(out, method, url, now, err) < 0)
        return ERR_FAIL;
    if (!add_signature(out, key))
        return err_set(err, ERR_AUTH, CODE_LOGIN, "nothing can be signed with dpopKey");
    return text_check(out, "a proof of a key", err);
}

int dpop_proof(const char *pem, const char *method, const char *url, int64_t now,
               char out[DPOP_PROOF_MAX], struct err *err)
{
    _cleanup_text_ struct text proof = {0};
    EVP_PKEY *key;
    int result;

    if (strlen(url) >= DPOP_URL_MAX)
        return err_set(err, ERR_AUTH, CODE_LOGIN, "the URL of a proof is too long");
    text_init(&proof, DPOP_PROOF_MAX - 1);
    key = read_key(pem);
    result = write_proof(key, method, url, now, &proof, err);
    EVP_PKEY_free(key);
    if (result == 0)
        str_copy(out, DPOP_PROOF_MAX, proof.data);
    return result;
}
