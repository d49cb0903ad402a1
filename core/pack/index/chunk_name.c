/*
 * The first 24 bytes of SHA-256, or XXH3-128 padded with zeros.
 */
#include "pack/index/chunk_name.h"

#include <string.h>

#include "base/hash.h"

static struct chunk_name begin_of(const void *digest, size_t size)
{
    struct chunk_name name = {{0}};

    memcpy(name.bytes, digest, size < CHUNK_NAME_SIZE ? size : CHUNK_NAME_SIZE);
    return name;
}

struct chunk_name chunk_name_of(enum name_kind kind, const void *data, size_t size)
{
    uint8_t sha256[SHA256_SIZE];
    struct xxh128 xxh3;

    if (kind == NAME_XXH3) {
        xxh3 = xxh128_of(data, size);
        return begin_of(xxh3.bytes, sizeof xxh3.bytes);
    }
    sha256_of(view_of(data, size), sha256);
    return begin_of(sha256, sizeof sha256);
}

bool chunk_name_equals(const struct chunk_name *a, const struct chunk_name *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
