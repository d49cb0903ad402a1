/*
 * hash - SHA-256, MD5, HMAC-SHA-256 (OpenSSL), XXH3-128 (xxHash), and their spellings.
 */
#ifndef S3DOCK_BASE_HASH_H
#define S3DOCK_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SHA256_SIZE     32
#define MD5_SIZE        16
#define SHA256_HEX_SIZE 65 /* with the NUL */
#define MD5_HEX_SIZE    33

/* A running digest. Not shared between threads. */
enum digest_kind { DIGEST_SHA256, DIGEST_MD5 };
struct digest;
struct digest *digest_create(enum digest_kind kind); /* NULL: no memory, or forbidden */
void digest_destroy(struct digest *digest);          /* takes NULL */
void digest_reset(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t size);
/* Writes 32 or 16 bytes and resets. */
void digest_end(struct digest *digest, uint8_t *out);

/* Where a running MD5 stands, as bytes: another process goes on from there. Little endian: the four
 * words, how many bytes were added, and those of them that do not fill a block yet. */
#define MD5_STATE_SIZE (16 + 8 + 64)
void md5_save(const struct digest *md5, uint8_t out[MD5_STATE_SIZE]);
void md5_load(struct digest *md5, const uint8_t state[MD5_STATE_SIZE]);

void sha256_of(struct view bytes, uint8_t out[SHA256_SIZE]);
void md5_of(struct view bytes, uint8_t out[MD5_SIZE]);
void hmac_sha256(struct view key, struct view bytes, uint8_t out[SHA256_SIZE]);

/* XXH3-128 in canonical (big endian) order: a sum against accidents. For chosen bytes, two
 * inputs with one sum can be constructed without a search. */
struct xxh128 {
    uint8_t bytes[16];
};
struct xxh128 xxh128_of(const void *data, size_t size);
bool xxh128_equals(const struct xxh128 *a, const struct xxh128 *b);
/* XXH3-64 with a key, for hash tables whose entries an attacker may choose. */
uint64_t xxh64_keyed(const void *data, size_t size, uint64_t key);

/* The value of a hex digit of either case; -1 when it is none. */
int hex_digit(int c);
/* Lower-case hex; `out` holds 2 * size + 1. */
void hex_encode(const uint8_t *data, size_t size, char *out);
/* Exactly 2 * size hex digits (either case) and then the NUL; false otherwise. */
bool hex_decode(const char *hex, uint8_t *out, size_t size);

/* `out` holds BASE64_SIZE(size). */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
void base64_encode(const uint8_t *data, size_t size, char *out);
/* Standard alphabet, padding required. Returns the number of bytes, or -1; `cap` bounds out.
 * `out` may be `text` itself. */
long base64_decode(const char *text, size_t size, uint8_t *out, size_t cap);

#endif
