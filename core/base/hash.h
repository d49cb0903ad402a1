/*
 * hash - SHA-256, SHA-1, MD5, HMAC-SHA-256 (OpenSSL), XXH3 (xxHash), and hex and base64.
 */
#ifndef S3DOCK_BASE_HASH_H
#define S3DOCK_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SHA256_SIZE     32
#define SHA1_SIZE       20
#define MD5_SIZE        16
#define SHA256_HEX_SIZE 65 /* with the NUL */
#define MD5_HEX_SIZE    33

/* A running digest. Not shared between threads. */
enum digest_kind { DIGEST_SHA256, DIGEST_MD5 };
struct digest;
struct digest *digest_create(enum digest_kind kind); /* NULL: no memory, or MD5 is forbidden */
void digest_destroy(struct digest *digest);          /* takes NULL */
void digest_reset(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t size);
/* Writes 32 or 16 bytes and resets. */
void digest_end(struct digest *digest, uint8_t *out);

/* Saves and loads the state of a running MD5, so that another process can continue. Little-endian:
 * the four words, the number of added bytes, and the bytes of the last, incomplete block. */
#define MD5_STATE_SIZE (16 + 8 + 64)
void md5_save(const struct digest *md5, uint8_t out[MD5_STATE_SIZE]);
void md5_load(struct digest *md5, const uint8_t state[MD5_STATE_SIZE]);

void sha256_of(struct view bytes, uint8_t out[SHA256_SIZE]);
void md5_of(struct view bytes, uint8_t out[MD5_SIZE]);
/* For names of files only: two inputs with the same SHA-1 can be constructed. */
void sha1_of(struct view bytes, uint8_t out[SHA1_SIZE]);
void hmac_sha256(struct view key, struct view bytes, uint8_t out[SHA256_SIZE]);

/* XXH3-128 in canonical (big endian) order. It detects accidents, not attacks: two inputs with the
 * same sum can be constructed. */
struct xxh128 {
    uint8_t bytes[16];
};
struct xxh128 xxh128_of(const void *data, size_t size);
bool xxh128_equals(const struct xxh128 *a, const struct xxh128 *b);
/* XXH64 with the seed 0. It detects accidents. */
uint64_t xxh64_of(const void *data, size_t size);
/* XXH3-64 with a key, for hash tables whose entries an attacker may choose. */
uint64_t xxh64_keyed(const void *data, size_t size, uint64_t key);

/* Returns the value of a hex digit in upper or lower case; -1 for another character. */
int hex_digit(int c);
/* Writes lower-case hex; `out` holds 2 * size + 1. */
void hex_encode(const uint8_t *data, size_t size, char *out);
/* Reads exactly 2 * size hex digits in upper or lower case. Returns false for another text. */
bool hex_decode(const char *hex, uint8_t *out, size_t size);

/* `out` holds BASE64_SIZE(size). */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
void base64_encode(const uint8_t *data, size_t size, char *out);
/* Reads the standard alphabet with padding. Returns the number of bytes, at most `cap`, or -1.
 * `out` may be `text` itself. */
long base64_decode(const char *text, size_t size, uint8_t *out, size_t cap);

#endif
