#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

static void views_compare(void **state)
{
    (void)state;
    assert_true(view_equals(view_of(NULL, 0), view_str("")));
    assert_true(view_equals(view_str(NULL), view_str("")));
    assert_true(view_equals_str(view_of("abc", 2), "ab"));
    assert_false(view_equals_str(view_of("a\0c", 3), "a"));
    assert_false(view_equals(view_str("a"), view_str("b")));
}

static void text_grows(void **state)
{
    struct text text;
    struct err err;

    (void)state;
    text_init(&text, 100000);
    assert_string_equal(text.data, "");
    for (int i = 0; i < 1000; i++)
        text_printf(&text, "%d,", i);
    text_char(&text, 'x');
    text_str(&text, "yz");
    text_add(&text, NULL, 0);
    assert_int_equal(text.size, 3893);
    assert_string_equal(text.data + 3880, "7,998,999,xyz");
    assert_int_equal(text_check(&text, "t", &err), 0);
    text_finish(&text);
    assert_string_equal(text.data, "");
    assert_int_equal(text.max, 100000);
}

static void the_maximum_is_exact(void **state)
{
    _cleanup_text_ struct text text;
    struct err err;

    (void)state;
    text_init(&text, 100);
    for (int i = 0; i < 100; i++)
        text_char(&text, 'a');
    assert_int_equal(text.size, 100);
    assert_int_equal(text.data[100], '\0');
    assert_true(text.room <= 101);
    assert_false(text.failed);
    text_char(&text, 'b');
    assert_true(text.failed);
    assert_string_equal(text.data, "");
    assert_int_equal(text_check(&text, "the list", &err), ERR_FAIL);
    assert_string_equal(err.text, "the list does not fit in 100 bytes");
    text_str(&text, "more"); /* nothing happens any more */
    assert_int_equal(text.size, 0);
    assert_null(text_steal(&text));
    text_clear(&text);
    text_str(&text, "again");
    assert_string_equal(text.data, "again");
}

static void a_failing_printf_marks_the_text(void **state)
{
    _cleanup_text_ struct text text;

    (void)state;
    text_init(&text, 10);
    text_printf(&text, "%020d", 1);
    assert_true(text.failed);
}

static void huge_sizes_do_not_overflow(void **state)
{
    struct text text;

    (void)state;
    text_init(&text, SIZE_MAX);
    text_str(&text, "x");
    text_add(&text, "y", SIZE_MAX - 1);
    assert_true(text.failed);
    text_finish(&text);
    text_init(&text, 10);
    text_add(&text, "y", SIZE_MAX);
    assert_true(text.failed);
    text_finish(&text);
}

static void steal_and_cut(void **state)
{
    struct text text;
    char *taken;

    (void)state;
    text_init(&text, 50);
    taken = text_steal(&text);
    assert_string_equal(taken, "");
    free(taken);
    text_str(&text, "hello");
    text_cut(&text, 9);
    assert_string_equal(text.data, "hello");
    text_cut(&text, 4);
    assert_true(view_equals_str(text_view(&text), "hell"));
    taken = text_steal(&text);
    assert_string_equal(taken, "hell");
    assert_int_equal(text.size, 0);
    free(taken);
    text_finish(&text);
}

static void str_copy_fits_or_is_empty(void **state)
{
    char buffer[4] = "zzz";

    (void)state;
    assert_true(str_copy(buffer, sizeof buffer, "abc"));
    assert_string_equal(buffer, "abc");
    assert_false(str_copy(buffer, sizeof buffer, "abcd"));
    assert_string_equal(buffer, "");
}

static void utf8_is_checked(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        {"", 0},
        {"a", 1},
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x90\xb3", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0}, /* a continuation alone */
        {"\xc3", 0}, /* cut short */
        {"\xc3z", 0},
        {"\xe2\x82", 0},
        {"\xc0\x80", 0}, /* overlong */
        {"\xc1\xbf", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xed\xa0\x80", 0}, /* a surrogate */
        {"\xee\x80\x80", 3},
        {"\xf4\x90\x80\x80", 0}, /* beyond the end */
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(utf8_length(view_str(cases[i].bytes)), cases[i].length);
}

static void utf8_round_trips(void **state)
{
    (void)state;
    for (uint32_t point = 1; point < 0x120000; point += point < 0x900 ? 1 : 251) {
        char out[4];
        size_t length = utf8_encode(point, out);

        assert_int_equal(utf8_length(view_of(out, length)), length);
        if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            assert_memory_equal(out, "\xef\xbf\xbd", 3);
    }
}

/* What is printed shows all that it holds; what is kept may hold marks of ordinary writing. */
static void hidden_characters_are_not_printed(void **state)
{
    static const struct {
        const char *text, *printed;
        bool kept;
    } cases[] = {
        {"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3 z", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3 z",
         true},
        {"\x1b[2J\x7f\n", "?[2J??", false},
        {"\xc2\x9b\xc2\x80\xc2\xa0", "????\xc2\xa0", false}, /* C1; a no-break space is seen */
        {"\xe2\x80\xae\xe2\x81\xa9", "??????", false},       /* direction */
        {"\xe2\x80\x8e\xd8\x9c", "?????", true},             /* weak marks of direction */
        {"\xe2\x80\xa8", "???", true},                       /* line separator */
        {"\xe2\x80\x8b\xe2\x80\x8d\xe2\x81\xa0", "?????????", true},
        {"\xef\xbb\xbf\xf3\xa0\x81\xa1", "???????", true}, /* byte order mark, a tag */
        {"\xff"
         "a\xc3",
         "?a?", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[64];

        assert_true(str_copy(text, sizeof text, cases[i].text));
        assert_int_equal(str_is_printable(text), cases[i].kept);
        str_printable(text);
        assert_string_equal(text, cases[i].printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare),
        cmocka_unit_test(text_grows),
        cmocka_unit_test(the_maximum_is_exact),
        cmocka_unit_test(a_failing_printf_marks_the_text),
        cmocka_unit_test(huge_sizes_do_not_overflow),
        cmocka_unit_test(steal_and_cut),
        cmocka_unit_test(str_copy_fits_or_is_empty),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(utf8_round_trips),
        cmocka_unit_test(hidden_characters_are_not_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
