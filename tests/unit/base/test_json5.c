#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json5.h"

/* Removes all white space outside of strings. */
static const char *squeeze(char *text)
{
    bool inside = false;
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from == '"' && (from == text || from[-1] != '\\'))
            inside = !inside;
        if (inside || (*from != ' ' && *from != '\n'))
            *to++ = *from;
    }
    *to = '\0';
    return text;
}

static void understood(void **state)
{
    static const char *const cases[][2] = {
        {"{}", "{}"},
        {"\xef\xbb\xbf{}", "{}"},
        {"// c\n{ /* d\n * e */ } // f", "{}"},
        {"{/**/}/*/*/", "{}"},
        {"{a:1,}", "{\"a\":1}"},
        {"[1,2,]", "[1,2]"},
        {"[1,,,]", "[1]"},
        {"{a:[1, /*x*/ , // y\n ,\n] ,}", "{\"a\":[1]}"},
        {"{\"a,\":\",]\"}", "{\"a,\":\",]\"}"},
        {"{'a':'b'}", "{\"a\":\"b\"}"},
        {"'say \"x\"'", "\"say \\\"x\\\"\""},
        {"\"it's\"", "\"it's\""},
        {"'it\\'s'", "\"it's\""},
        {"'http://x/*y*/'", "\"http://x/*y*/\""},
        {"{$a_1: 1, \xc3\xa4: 2, my-app.x: 3}", "{\"$a_1\":1,\"\xc3\xa4\":2,\"my-app.x\":3}"},
        {"{\\u0061b: 1}", "{\"\\u0061b\":1}"},
        {"{a\t:1, b\n:2, c/**/:3}", "{\"a\":1,\"b\":2,\"c\":3}"},
        {"{true:true, null : null, Infinity: false}",
         "{\"true\":true,\"null\":null,\"Infinity\":false}"},
        {"[+1, -1, .5, -.5, 5., +5.5, 5.e3, 1E-2]", "[1,-1,0.5,-0.5,5,5.5,5e3,1e-2]"},
        {"[0x10, 0XfF, -0x1, 0xffffffffffffffff]", "[16,255,-1,18446744073709551615]"},
        {"'a\\\nb\\\r\nc\\\xe2\x80\xa8"
         "d'",
         "\"abcd\""},
        {"'a\nb\tc\r\nd'", "\"a\\u000ab\\u0009c\\u000d\\u000ad\""},
        {"'\\x41\\u0042\\0\\v\\b\\f\\n\\r\\t\\\\\\/\\q\\\"'",
         "\"\\u0041\\u0042\\u0000\\u000b\\b\\f\\n\\r\\t\\\\/q\\\"\""},
        {"\xc2\xa0{\xe2\x80\x83"
         "a\xe3\x80\x80:\xe2\x80\xa8"
         "1\v\f}",
         "{\"a\":1}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_text_ struct text out = {0};
        struct json *json;
        struct err err;

        text_init(&out, 4096);
        if (json5_to_json(view_str(cases[i][0]), &out, &err) < 0)
            fail_msg("%s: %s", cases[i][0], err.text);
        if (json_parse(&json, text_view(&out), &JSON_DOCUMENT, "config", &err) < 0)
            fail_msg("%s: %s: %s", cases[i][0], out.data, err.text);
        json_destroy(json);
        assert_string_equal(squeeze(out.data), cases[i][1]);
    }
}

static void refused(void **state)
{
    static const char *const cases[][2] = {
        {"{a: Infinity}", "line 1, column 5: Infinity and NaN are not supported"},
        {"{a: -Infinity}", "line 1, column 5: Infinity and NaN are not supported"},
        {"\n[NaN]", "line 2, column 2: Infinity and NaN are not supported"},
        {"{a: b}", "line 1, column 5: text needs quotes"},
        {"{a: truth}", "line 1, column 5: text needs quotes"},
        {"{\xc3\xa4: \xc3\xb6}", "line 1, column 5: text needs quotes"},
        {"abc", "line 1, column 1: text needs quotes"},
        {"\xff\xfe{", "line 1, column 1: the text is UTF-16: save it as UTF-8"},
        {"\xfe\xff{", "line 1, column 1: the text is UTF-16: save it as UTF-8"},
        {"/* x", "line 1, column 1: this comment has no end"},
        {"{ /*/", "line 1, column 3: this comment has no end"},
        {"{a /* x", "line 1, column 4: this comment has no end"},
        {"{a: 'x}", "line 1, column 5: this string has no end"},
        {"'\\", "line 1, column 1: this string has no end"},
        {"'\\x4'", "line 1, column 5: a hex digit is missing"},
        {"'\\u004", "line 1, column 7: a hex digit is missing"},
        {"{\\u00: 1}", "line 1, column 2: a hex digit is missing"},
        {"'\\1'", "line 1, column 3: unknown escape"},
        {"'\\01'", "line 1, column 3: octal escapes are not supported"},
        {"0x", "line 1, column 1: not a number"},
        {"0x10000000000000000", "line 1, column 1: this number is too large"},
        {"[+]", "line 1, column 2: not a number"},
        {"[.]", "line 1, column 2: not a number"},
        {"[- 1]", "line 1, column 2: not a number"},
        {"{a = 1}", "line 1, column 2: text needs quotes"},
        {"(1)", "line 1, column 1: unexpected character"},
        {"[`x`]", "line 1, column 2: unexpected character"},
        {"/", "line 1, column 1: unexpected character"},
        {"\\", "line 1, column 1: unexpected character"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_text_ struct text out = {0};
        struct err err;

        text_init(&out, 4096);
        assert_int_equal(json5_to_json(view_str(cases[i][0]), &out, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_USAGE);
        assert_string_equal(err.code, "config");
        assert_string_equal(err.text, cases[i][1]);
    }
}

/* Malformed also after the translation: json_parse reports it. */
static void left_to_the_reader(void **state)
{
    static const char *const bad[] = {
        "",    ",",      "[,]",       "{,}",     "[,1]", "[1,,2]",    "{a:,}",    "{a}",
        "1 2", "1/**/2", "{a:1 b:2}", "{'a' 1}", "[1}",  "'\xff'",    "{\xff:1}", "012",
        "1e",  "5abc:1", "{a:1},",    "{1:2}",   "\x01", "tru/**/e:1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_text_ struct text out = {0};
        struct json *json = NULL;
        struct err err;

        text_init(&out, 4096);
        if (json5_to_json(view_str(bad[i]), &out, &err) == 0 &&
            json_parse(&json, text_view(&out), &JSON_DOCUMENT, "config", &err) == 0)
            fail_msg("accepted: %s as %s", bad[i], out.data);
        json_destroy(json);
    }
}

static void lines_stay_lines(void **state)
{
    _cleanup_text_ struct text out = {0};
    struct json *json;
    struct err err;

    (void)state;
    text_init(&out, 4096);
    assert_int_equal(
        json5_to_json(view_str("{ // one\n a: 'x\n\\\ny', /* \n */\n b: 1 2 }"), &out, &err), 0);
    assert_int_equal(json_parse(&json, text_view(&out), &JSON_DOCUMENT, "config", &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "line 6"));
}

static void output_is_bounded_and_added(void **state)
{
    _cleanup_text_ struct text out = {0};
    struct err err;

    (void)state;
    text_init(&out, 16);
    text_str(&out, "x,");
    assert_int_equal(json5_to_json(view_str("]"), &out, &err), 0);
    assert_string_equal(out.data, "x,]"); /* the earlier text does not change */
    assert_int_equal(json5_to_json(view_str("'\n\n\n\n'"), &out, &err), ERR_FAIL);
    assert_string_equal(err.text, "larger than 16 bytes");
    text_clear(&out);
    assert_int_equal(json5_to_json(view_str("{abcdefghijklmnopqrst: true,,}"), &out, &err),
                     ERR_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understood),
        cmocka_unit_test(refused),
        cmocka_unit_test(left_to_the_reader),
        cmocka_unit_test(lines_stay_lines),
        cmocka_unit_test(output_is_bounded_and_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
