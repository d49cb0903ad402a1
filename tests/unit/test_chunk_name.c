/* Names of chunks: the beginning of SHA-256, and XXH3-128 as indexes of version 1 have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/hash.h"
#include "pack/chunk_name.h"

static void assert_name(const struct chunk_name *name, const char *hex)
{
    char text[2 * CHUNK_NAME_SIZE + 1];

    hex_encode(name->bytes, CHUNK_NAME_SIZE, text);
    assert_string_equal(text, hex);
}

static void names_are_known_answers(void **state)
{
    struct chunk_name sha256 = chunk_name_of(NAME_SHA256, "abc", 3);
    struct chunk_name xxh3 = chunk_name_of(NAME_XXH3, "", 0);

    (void)state;
    assert_name(&sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c");
    assert_name(&xxh3, "99aa06d3014798d86001c324468d497f0000000000000000");
    assert_true(chunk_name_equals(&sha256, &sha256));
    assert_false(chunk_name_equals(&sha256, &xxh3));
}

static void several_are_those_of_one_by_one(void **state)
{
    static const enum name_kind kinds[] = {NAME_SHA256, NAME_XXH3};
    struct chunk_name names[CHUNK_NAMES_MAX], one;
    struct view bytes[CHUNK_NAMES_MAX];
    uint8_t data[2000];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37);
    for (size_t i = 0; i < CHUNK_NAMES_MAX; i++)
        bytes[i] = view_of(data + i, 100 * i);
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        chunk_names_of(kinds[k], bytes, CHUNK_NAMES_MAX, names);
        for (size_t i = 0; i < CHUNK_NAMES_MAX; i++) {
            one = chunk_name_of(kinds[k], bytes[i].data, bytes[i].size);
            assert_true(chunk_name_equals(&names[i], &one));
        }
        chunk_names_of(kinds[k], bytes, 0, names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known_answers),
        cmocka_unit_test(several_are_those_of_one_by_one),
    };

    return cmocka_run_group_tests_name("chunk_name", tests, NULL, NULL);
}
