#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"

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
        {"\xc3", 0}, /* truncated */
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

/* Printed text has only visible characters. Stored text may have marks of ordinary writing. */
static void hidden_characters_are_not_printed(void **state)
{
    static const struct {
        const char *text, *printed;
        bool kept;
    } cases[] = {
        {"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3 z", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3 z",
         true},
        {"\x1b[2J\x7f\n", "?[2J??", false},
        {"\xc2\x9b\xc2\x80\xc2\xa0", "????\xc2\xa0", false}, /* C1; a no-break space is visible */
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
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(utf8_round_trips),
        cmocka_unit_test(hidden_characters_are_not_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
