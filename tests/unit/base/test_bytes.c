#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

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
    _cleanup_text_ struct text text = {0};
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
    text_str(&text, "more"); /* later calls do nothing */
    assert_int_equal(text.size, 0);
    assert_null(text_steal(&text));
    text_clear(&text);
    text_str(&text, "again");
    assert_string_equal(text.data, "again");
}

static void a_failing_printf_marks_the_text(void **state)
{
    _cleanup_text_ struct text text = {0};

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

static void a_secret_text_grows_and_stays_secret(void **state)
{
    struct text text;

    (void)state;
    text_init_secret(&text, 1000);
    for (int i = 0; i < 100; i++)
        text_str(&text, "0123456789");
    assert_int_equal(text.size, 1000);
    assert_memory_equal(text.data + 990, "0123456789", 11);
    text_finish(&text);
    assert_string_equal(text.data, "");
    assert_true(text.secret);
    text_str(&text, "again");
    assert_string_equal(text.data, "again");
    text_finish(&text);
}

static void characters_are_escaped_for_urls(void **state)
{
    struct text text;

    (void)state;
    text_init(&text, 100);
    text_percent(&text, "aZ09-._~ /+=:\xc3\xa9", "/");
    assert_string_equal(text.data, "aZ09-._~%20/%2B%3D%3A%C3%A9");
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

static void an_ending_is_compared_whole(void **state)
{
    (void)state;
    assert_true(str_ends("a/b.json", ".json"));
    assert_true(str_ends(".json", ".json"));
    assert_true(str_ends("a", ""));
    assert_false(str_ends("json", ".json"));
    assert_false(str_ends("a.json.gz", ".json"));
    assert_false(str_ends("", ".json"));
}

static void a_word_is_found_in_any_case(void **state)
{
    const char *text = "Content-Type: TEXT/html";

    (void)state;
    assert_ptr_equal(str_find_any_case(text, "text/HTML"), text + 14);
    assert_ptr_equal(str_find_any_case(text, ""), text);
    assert_ptr_equal(str_find_any_case(text, "l"), text + 22);
    assert_null(str_find_any_case(text, "html5"));
    assert_null(str_find_any_case("", "x"));
    assert_non_null(str_find_any_case("", ""));
}

static void a_string_is_formatted_whole(void **state)
{
    char *long_one = str_format("%01000d!", 7), *empty = str_format("%s", "");

    (void)state;
    assert_non_null(long_one);
    assert_int_equal(strlen(long_one), 1001);
    assert_string_equal(long_one + 999, "7!");
    assert_string_equal(empty, "");
    free(long_one);
    free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(the_maximum_is_exact),
        cmocka_unit_test(a_failing_printf_marks_the_text),
        cmocka_unit_test(huge_sizes_do_not_overflow),
        cmocka_unit_test(a_secret_text_grows_and_stays_secret),
        cmocka_unit_test(characters_are_escaped_for_urls),
        cmocka_unit_test(steal_and_cut),
        cmocka_unit_test(str_copy_fits_or_is_empty),
        cmocka_unit_test(an_ending_is_compared_whole),
        cmocka_unit_test(a_word_is_found_in_any_case),
        cmocka_unit_test(a_string_is_formatted_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
