#include "pack/chunk_name.h"

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

void chunk_names_of(enum name_kind kind, const struct view *bytes, size_t count,
                    struct chunk_name *out)
{
    uint8_t sha256[CHUNK_NAMES_MAX][SHA256_SIZE];

    if (kind == NAME_XXH3) {
        for (size_t i = 0; i < count; i++)
            out[i] = chunk_name_of(kind, bytes[i].data, bytes[i].size);
        return;
    }
    sha256_of_many(bytes, count, sha256);
    for (size_t i = 0; i < count; i++)
        out[i] = begin_of(sha256[i], sizeof sha256[i]);
}

bool chunk_name_equals(const struct chunk_name *a, const struct chunk_name *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
