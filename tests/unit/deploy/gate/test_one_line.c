/* Bytes from outside, made one line for a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "deploy/gate/one_line.h"

static void assert_line(const char *bytes, const char *wanted)
{
    char line[16];

    one_line(view_of(bytes, strlen(bytes)), line, sizeof line);
    assert_string_equal(line, wanted);
}

static void assert_end(const char *bytes, const char *wanted)
{
    char line[16];

    one_line_end(view_of(bytes, strlen(bytes)), line, sizeof line);
    assert_string_equal(line, wanted);
}

static void blanks_are_joined_and_the_rest_is_printable(void **state)
{
    (void)state;
    assert_line("", "");
    assert_line(" a\r\n\n b\t", "a b");
    assert_line("\x1b[1m\xff", "?[1m?");
    assert_line("123456789012345678", "123456789012345");
}

static void the_end_begins_with_a_line(void **state)
{
    (void)state;
    assert_end("", "");
    assert_end("\n\n", "");
    assert_end("short\n", "short");
    assert_end("the first line\nerror: 7\n", "error: 7");
    assert_end("1\n23456789012345\n", "23456789012345");
    assert_end("first\na\nb\nc\n\nlast line\n", "b c last line");
}

static void the_end_of_a_long_line_begins_with_a_character(void **state)
{
    (void)state;
    assert_end("xxxxx123456789012345\n", "123456789012345");
    assert_end("xxxxx\xc3\xa4"
               "12345678901234",
               "12345678901234");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_are_joined_and_the_rest_is_printable),
        cmocka_unit_test(the_end_begins_with_a_line),
        cmocka_unit_test(the_end_of_a_long_line_begins_with_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
