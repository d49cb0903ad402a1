#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/le.h"

static void numbers_are_in_little_endian_order(void **state)
{
    uint8_t bytes[9] = {0};

    (void)state;
    le_put(bytes + 1, UINT64_C(0xf1e2d3c4b5a69788), 8);
    assert_memory_equal(bytes, "\0\x88\x97\xa6\xb5\xc4\xd3\xe2\xf1", 9);
    assert_true(le_get(bytes + 1, 8) == UINT64_C(0xf1e2d3c4b5a69788));
    assert_true(le_get(bytes + 1, 4) == UINT32_C(0xb5a69788));
    assert_int_equal(le_get(bytes + 1, 1), 0x88);
    le_put(bytes + 1, UINT32_C(0x80000001), 4);
    le_put(bytes + 5, 0x8002, 2);
    assert_memory_equal(bytes, "\0\x01\0\0\x80\x02\x80\xe2\xf1", 9);
}

static void a_reader_reads_what_was_added(void **state)
{
    struct le_reader reader;
    struct text text;
    char string[4];

    (void)state;
    text_init(&text, 100);
    le_add(&text, 7, 4);
    le_add_string(&text, "abc");
    le_add(&text, UINT64_MAX, 8);
    assert_int_equal(text.size, 17);
    reader = (struct le_reader){.left = text_view(&text)};
    assert_int_equal(le_read(&reader, 4), 7);
    le_read_string(&reader, string, sizeof string);
    assert_string_equal(string, "abc");
    assert_true(le_read(&reader, 8) == UINT64_MAX);
    assert_false(reader.failed);
    assert_int_equal(le_read(&reader, 1), 0);
    assert_true(reader.failed);
    text_finish(&text);
}

static void a_failed_reader_returns_nothing_more(void **state)
{
    struct le_reader reader = {.left = view_of("\1\0\0\0", 4)};

    (void)state;
    assert_null(le_read_bytes(&reader, 5));
    assert_true(reader.failed);
    assert_int_equal(le_read(&reader, 4), 0);
}

static void strings_that_do_not_fit_fail(void **state)
{
    const struct {
        struct view bytes;
        const char *read; /* NULL: refused */
    } cases[] = {
        {view_of("\3\0abc", 5), "abc"}, {view_of("\0\0", 2), ""},
        {view_of("\4\0abcd", 6), NULL}, {view_of("\3\0a\0c", 5), NULL},
        {view_of("\3\0ab", 4), NULL},   {view_of("\3", 1), NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct le_reader reader = {.left = cases[i].bytes};
        char string[4] = "xyz";

        le_read_string(&reader, string, sizeof string);
        assert_int_equal(reader.failed, !cases[i].read);
        assert_string_equal(string, cases[i].read ? cases[i].read : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_in_little_endian_order),
        cmocka_unit_test(a_reader_reads_what_was_added),
        cmocka_unit_test(a_failed_reader_returns_nothing_more),
        cmocka_unit_test(strings_that_do_not_fit_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
