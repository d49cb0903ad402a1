/*
 * OpenSSL computes SHA-256, SHA-1, MD5 and HMAC, xxHash the fast sums. MD5 uses OpenSSL's older
 * interface: only there can the state of a running digest be saved and loaded by another process.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/le.h"

/* Ends the program if a digest could not be computed, so that wrong bytes are never used as one.
 * That happens without memory, or if MD5 is forbidden (FIPS) and digest_create() was not called.
 * Nothing is cleaned up: every state of bucket and host must survive a kill anyway. */
static void must(int done)
{
    static const char words[] = "error[local.memory]: out of memory for a digest\n";

    if (done == 1)
        return;
    if (write(STDERR_FILENO, words, sizeof words - 1) < 0) {
        /* the exit code remains */
    }
    _exit(ERR_LOCAL);
}

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *fetched_sha256;

static void fetch_sha256(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    fetched_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
#endif
}

/* Returns SHA-256, fetched once: EVP_sha256() is looked up among the providers for each digest,
 * which takes longer than a short digest. */
static const EVP_MD *sha256(void)
{
    pthread_once(&fetched, fetch_sha256);
    return fetched_sha256 ? fetched_sha256 : EVP_sha256();
}

struct digest {
    EVP_MD_CTX *ctx; /* of a SHA-256. For MD5 it only shows whether MD5 is allowed */
    const EVP_MD *md;
    bool is_md5;
    MD5_CTX md5;
};

struct digest *digest_create(enum digest_kind kind)
{
    struct digest *digest = calloc(1, sizeof *digest);

    if (!digest)
        return NULL;
    digest->is_md5 = kind == DIGEST_MD5;
    digest->md = digest->is_md5 ? EVP_md5() : sha256();
    digest->ctx = EVP_MD_CTX_new();
    if (!digest->ctx || EVP_DigestInit_ex(digest->ctx, digest->md, NULL) != 1) {
        digest_destroy(digest);
        return NULL;
    }
    digest_reset(digest);
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
    must(digest->is_md5 ? MD5_Init(&digest->md5) : EVP_DigestInit_ex(digest->ctx, NULL, NULL));
}

void digest_add(struct digest *digest, const void *data, size_t size)
{
    must(digest->is_md5 ? MD5_Update(&digest->md5, data, size)
                        : EVP_DigestUpdate(digest->ctx, data, size));
}

void digest_end(struct digest *digest, uint8_t *out)
{
    must(digest->is_md5 ? MD5_Final(out, &digest->md5)
                        : EVP_DigestFinal_ex(digest->ctx, out, NULL));
    digest_reset(digest);
}

void md5_save(const struct digest *md5, uint8_t out[MD5_STATE_SIZE])
{
    const MD5_CTX *ctx = &md5->md5;
    uint64_t bits = (uint64_t)ctx->Nh << 32 | ctx->Nl;

    memset(out, 0, MD5_STATE_SIZE);
    le_put(out, ctx->A, 4);
    le_put(out + 4, ctx->B, 4);
    le_put(out + 8, ctx->C, 4);
    le_put(out + 12, ctx->D, 4);
    le_put(out + 16, bits / 8, 8);
    memcpy(out + 24, ctx->data, (size_t)(bits / 8 % 64));
}

void md5_load(struct digest *md5, const uint8_t state[MD5_STATE_SIZE])
{
    MD5_CTX *ctx = &md5->md5;
    uint64_t added = le_get(state + 16, 8);

    must(MD5_Init(ctx));
    ctx->A = (MD5_LONG)le_get(state, 4);
    ctx->B = (MD5_LONG)le_get(state + 4, 4);
    ctx->C = (MD5_LONG)le_get(state + 8, 4);
    ctx->D = (MD5_LONG)le_get(state + 12, 4);
    ctx->Nl = (MD5_LONG)(added << 3);
    ctx->Nh = (MD5_LONG)(added >> 29);
    ctx->num = (unsigned)(added % 64);
    memcpy(ctx->data, state + 24, ctx->num);
}

void sha256_of(struct view bytes, uint8_t out[SHA256_SIZE])
{
    must(EVP_Digest(bytes.data, bytes.size, out, NULL, sha256(), NULL));
}

void md5_of(struct view bytes, uint8_t out[MD5_SIZE])
{
    must(EVP_Digest(bytes.data, bytes.size, out, NULL, EVP_md5(), NULL));
}

void sha1_of(struct view bytes, uint8_t out[SHA1_SIZE])
{
    must(EVP_Digest(bytes.data, bytes.size, out, NULL, EVP_sha1(), NULL));
}

void hmac_sha256(struct view key, struct view bytes, uint8_t out[SHA256_SIZE])
{
    unsigned size = SHA256_SIZE;

    /* NULL would mean the key of the previous call */
    must(HMAC(sha256(), key.size ? (const void *)key.data : "", (int)key.size, bytes.data,
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

uint64_t xxh64_of(const void *data, size_t size)
{
    return XXH64(data, size, 0);
}

uint64_t xxh64_keyed(const void *data, size_t size, uint64_t key)
{
    return XXH3_64bits_withSeed(data, size, key);
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

/* The value of each letter plus one; 0 for other characters. */
static const uint8_t BASE64_VALUES[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* Returns four letters as 24 bits; ~0 if a character is not in the alphabet. */
static uint32_t base64_group(const uint8_t *text)
{
    uint32_t a = BASE64_VALUES[text[0]], b = BASE64_VALUES[text[1]], c = BASE64_VALUES[text[2]],
             d = BASE64_VALUES[text[3]];

    return a && b && c && d ? (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1) : ~0u;
}

long base64_decode(const char *text, size_t size, uint8_t *out, size_t cap)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t pads, used = 0;
    uint8_t last[4];
    uint32_t group;

    if (size % 4)
        return -1;
    if (size == 0)
        return 0;
    pads = text[size - 1] == '=' ? 1 + (size_t)(text[size - 2] == '=') : 0;
    if (size / 4 * 3 - pads > cap)
        return -1;
    for (; size > 4; size -= 4, at += 4) {
        group = base64_group(at);
        if (group == ~0u)
            return -1;
        out[used++] = (uint8_t)(group >> 16);
        out[used++] = (uint8_t)(group >> 8);
        out[used++] = (uint8_t)group;
    }
    memcpy(last, at, sizeof last);
    memset(last + 4 - pads, 'A', pads);
    group = base64_group(last);
    if (group == ~0u)
        return -1;
    for (size_t k = 0; k < 3 - pads; k++)
        out[used++] = (uint8_t)(group >> (16 - 8 * k));
    return (long)used;
}
