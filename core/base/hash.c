#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* A digest that could not be computed must never pass for one. That happens when memory is gone,
 * or when MD5 is forbidden (FIPS): digest_create() says so politely, here it is too late for that.
 */
static void must(int done)
{
    if (done != 1)
        abort();
}

struct digest {
    EVP_MD_CTX *ctx;
    const EVP_MD *md;
};

struct digest *digest_create(enum digest_kind kind)
{
    struct digest *digest = calloc(1, sizeof *digest);

    if (!digest)
        return NULL;
    digest->md = kind == DIGEST_SHA256 ? EVP_sha256() : EVP_md5();
    digest->ctx = EVP_MD_CTX_new();
    if (!digest->ctx || EVP_DigestInit_ex(digest->ctx, digest->md, NULL) != 1) {
        digest_destroy(digest);
        return NULL;
    }
    return digest;
}

void digest_destroy(struct digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->ctx);
    free(digest);
}

void digest_reset(struct digest *digest)
{
    must(EVP_DigestInit_ex(digest->ctx, NULL, NULL));
}

void digest_add(struct digest *digest, const void *data, size_t size)
{
    must(EVP_DigestUpdate(digest->ctx, data, size));
}

void digest_end(struct digest *digest, uint8_t *out)
{
    must(EVP_DigestFinal_ex(digest->ctx, out, NULL));
    digest_reset(digest);
}

void sha256_of(struct view bytes, uint8_t out[SHA256_SIZE])
{
    must(EVP_Digest(bytes.data, bytes.size, out, NULL, EVP_sha256(), NULL));
}

void md5_of(struct view bytes, uint8_t out[MD5_SIZE])
{
    must(EVP_Digest(bytes.data, bytes.size, out, NULL, EVP_md5(), NULL));
}

void hmac_sha256(struct view key, struct view bytes, uint8_t out[SHA256_SIZE])
{
    unsigned size = SHA256_SIZE;

    /* without a key OpenSSL would go on with the one of the call before */
    must(HMAC(EVP_sha256(), key.size ? (const void *)key.data : "", (int)key.size, bytes.data,
              bytes.size, out, &size) != NULL);
}

struct xxh128 xxh128_of(const void *data, size_t size)
{
    XXH128_canonical_t canonical;
    struct xxh128 out;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
    memcpy(out.bytes, canonical.digest, sizeof out.bytes);
    return out;
}

bool xxh128_equals(const struct xxh128 *a, const struct xxh128 *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void hex_encode(const uint8_t *data, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(const char *hex, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(hex[2 * i]);
        int low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);

        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return hex[2 * size] == '\0';
}

void base64_encode(const uint8_t *data, size_t size, char *out)
{
    EVP_EncodeBlock((unsigned char *)out, data, (int)size);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

long base64_decode(const char *text, size_t size, uint8_t *out, size_t cap)
{
    size_t pads, used = 0;

    if (size % 4)
        return -1;
    pads = size && text[size - 1] == '=' ? 1 + (size_t)(text[size - 2] == '=') : 0;
    if (size / 4 * 3 - pads > cap)
        return -1;
    for (size_t i = 0; i < size; i += 4) {
        uint32_t group = 0;
        size_t want = i + 4 == size ? 3 - pads : 3;

        for (size_t k = 0; k < 4; k++) {
            bool pad = i + k >= size - pads;
            int value = pad ? 0 : base64_value(text[i + k]);

            if (value < 0)
                return -1;
            group = group << 6 | (uint32_t)value;
        }
        for (size_t k = 0; k < want; k++)
            out[used++] = (uint8_t)(group >> (16 - 8 * k));
    }
    return (long)used;
}
