/* Names of chunks: the beginning of SHA-256, and XXH3-128 in indexes of version 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/hash.h"
#include "pack/index/chunk_name.h"

static void assert_name(const struct chunk_name *name, const char *hex)
{
    char text[2 * CHUNK_NAME_SIZE + 1];

    hex_encode(name->bytes, CHUNK_NAME_SIZE, text);
    assert_string_equal(text, hex);
}

static void names_equal_published_digests(void **state)
{
    struct chunk_name sha256 = chunk_name_of(NAME_SHA256, "abc", 3);
    struct chunk_name xxh3 = chunk_name_of(NAME_XXH3, "", 0);

    (void)state;
    assert_name(&sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c");
    assert_name(&xxh3, "99aa06d3014798d86001c324468d497f0000000000000000");
    assert_true(chunk_name_equals(&sha256, &sha256));
    assert_false(chunk_name_equals(&sha256, &xxh3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_equal_published_digests),
    };

    return cmocka_run_group_tests_name("chunk_name", tests, NULL, NULL);
}
