/*
 * chunk_name - names a chunk by its raw bytes.
 *
 * In an index of version 2 the name is the first 24 bytes of the SHA-256 of the bytes. Equal names
 * prove equal bytes, even against an attacker (a collision costs 2^96 work). In an index of version
 * 1 the name is XXH3-128, for which collisions are easy. A pull uses such names only to find
 * chunks; the SHA-256 of the layers verifies them afterwards.
 */
#ifndef S3DOCK_PACK_INDEX_CHUNK_NAME_H
#define S3DOCK_PACK_INDEX_CHUNK_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum name_kind {
    NAME_SHA256, /* index version 2 */
    NAME_XXH3,   /* index version 1: 16 bytes in canonical order, and 8 zeros */
};

#define CHUNK_NAME_SIZE 24

struct chunk_name {
    uint8_t bytes[CHUNK_NAME_SIZE];
};

struct chunk_name chunk_name_of(enum name_kind kind, const void *data, size_t size);
bool chunk_name_equals(const struct chunk_name *a, const struct chunk_name *b);

#endif
