#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "build/git_index.h"

static void add_number(struct text *to, uint32_t value, size_t bytes)
{
    while (bytes--)
        text_char(to, (char)(value >> 8 * bytes));
}

static void add_zeroes(struct text *to, size_t count)
{
    while (count--)
        text_char(to, '\0');
}

/* An entry. `flags` has no length of the name. */
static void add_entry(struct text *to, uint32_t version, uint32_t flags, const char *name)
{
    size_t start = to->size, size = strlen(name);

    add_zeroes(to, 60);
    add_number(to, flags | (uint32_t)(size < 0xfff ? size : 0xfff), 2);
    if (flags & 0x4000)
        add_number(to, 0x2000, 2);
    if (version == 4)
        text_add(to, "\x81\x02", 2); /* how much of the name before it goes */
    text_str(to, name);
    text_char(to, '\0');
    while (version != 4 && (to->size - start) % 8)
        text_char(to, '\0');
}

static void add_extension(struct text *to, const char *name, size_t size)
{
    text_str(to, name);
    add_number(to, (uint32_t)size, 4);
    while (size--)
        text_char(to, 's'); /* bytes that look like the name of an extension */
}

static void make_index(struct text *to, uint32_t version, const char *last)
{
    char name[5000];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    text_str(to, "DIRC");
    add_number(to, version, 4);
    add_number(to, 4, 4);
    add_entry(to, version, 0, "a");
    add_entry(to, version, 0, "link.c.12");
    add_entry(to, version, version == 2 ? 0 : 0x4000, "sdir");
    add_entry(to, version, 0, name);
    add_extension(to, "TREE", 33);
    add_extension(to, "EOIE", 24);
    if (last)
        add_extension(to, last, 100);
    add_zeroes(to, 20);
}

static void assert_extension(uint32_t version, const char *last, const char *expected)
{
    _cleanup_text_ struct text index = {0};
    char name[GIT_INDEX_NAME] = "";

    text_init(&index, MIB);
    make_index(&index, version, last);
    assert_int_equal(git_index_extension(text_view(&index), name), expected != NULL);
    assert_string_equal(name, expected ? expected : "");
}

static void an_extension_that_must_be_understood_is_found(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 4; version++) {
        assert_extension(version, "link", "link");
        assert_extension(version, "sdir", "sdir");
        assert_extension(version, "newx", "newx");
        assert_extension(version, "FSMN", NULL);
        assert_extension(version, NULL, NULL);
    }
    assert_extension(1, "link", NULL);
    assert_extension(5, "link", NULL);
}

/* Each shorter file ends at its own end of memory, where the sanitizer sees a read too far. */
static void a_cut_index_has_no_extension(void **state)
{
    _cleanup_text_ struct text index = {0};
    char name[GIT_INDEX_NAME];

    (void)state;
    text_init(&index, MIB);
    make_index(&index, 4, "link");
    for (size_t size = 0; size < index.size; size += size < 300 ? 1 : 61) {
        uint8_t *part = malloc(size + 1);

        assert_non_null(part);
        memcpy(part + 1, index.data, size);
        if (size + 100 < index.size)
            assert_false(git_index_extension(view_of(part + 1, size), name));
        free(part);
    }
}

static void a_count_that_is_too_large_ends(void **state)
{
    _cleanup_text_ struct text index = {0};
    char name[GIT_INDEX_NAME];

    (void)state;
    text_init(&index, MIB);
    make_index(&index, 2, "link");
    memset(index.data + 8, 0xff, 4);
    assert_false(git_index_extension(text_view(&index), name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_extension_that_must_be_understood_is_found),
        cmocka_unit_test(a_cut_index_has_no_extension),
        cmocka_unit_test(a_count_that_is_too_large_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
