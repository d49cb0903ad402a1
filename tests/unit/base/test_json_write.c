#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/bytes.h"
#include "base/json_write.h"

static void write_sample(struct text *out, bool compact)
{
    struct json_writer w;

    jw_init(&w, out, compact);
    jw_object(&w, NULL);
    jw_string(&w, "s", "x");
    jw_int(&w, "i", -7);
    jw_object(&w, "empty");
    jw_end(&w);
    jw_array(&w, "none");
    jw_end(&w);
    jw_array(&w, "list");
    jw_int(&w, NULL, 1);
    jw_object(&w, NULL);
    jw_bool(&w, "b", true);
    jw_end(&w);
    jw_end(&w);
    jw_string(&w, "nothing", NULL);
    jw_string_if(&w, "left out", "");
    jw_string_if(&w, "left out, too", NULL);
    jw_end(&w);
}

static void indented_as_go_does(void **state)
{
    _cleanup_text_ struct text out = {0};

    (void)state;
    text_init(&out, 4096);
    write_sample(&out, false);
    assert_string_equal(out.data, "{\n"
                                  "  \"s\": \"x\",\n"
                                  "  \"i\": -7,\n"
                                  "  \"empty\": {},\n"
                                  "  \"none\": [],\n"
                                  "  \"list\": [\n"
                                  "    1,\n"
                                  "    {\n"
                                  "      \"b\": true\n"
                                  "    }\n"
                                  "  ],\n"
                                  "  \"nothing\": \"\"\n"
                                  "}");
}

static void compact_is_one_line(void **state)
{
    _cleanup_text_ struct text out = {0};

    (void)state;
    text_init(&out, 4096);
    write_sample(&out, true);
    assert_string_equal(out.data, "{\"s\":\"x\",\"i\":-7,\"empty\":{},\"none\":[],\"list\":[1,"
                                  "{\"b\":true}],\"nothing\":\"\"}");
}

static void strings_as_go_writes_them(void **state)
{
    static const struct {
        struct view value;
        const char *json;
    } cases[] = {
        {{(const uint8_t *)"<a href='&'>", 12}, "\"\\u003ca href='\\u0026'\\u003e\""},
        {{(const uint8_t *)"\"\\/\b\f\n\r\t", 8}, "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {{(const uint8_t *)"\0\x01\x1f\x7f", 4}, "\"\\u0000\\u0001\\u001f\\u007f\""},
        {{(const uint8_t *)"\xc2\x9b\xc2\xa0\xe2\x80\xae\xe2\x81\xa6", 10},
         "\"\\u009b\xc2\xa0\\u202e\\u2066\""},
        {{(const uint8_t *)"\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\xa1", 10},
         "\"\\u200b\\ufeff\\udb40\\udc61\""},
        {{(const uint8_t *)"\xc3\xa4\xf0\x9f\x90\xb3", 6}, "\"\xc3\xa4\xf0\x9f\x90\xb3\""},
        {{(const uint8_t *)"\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", 9},
         "\"\xe2\x80\xa7\\u2028\\u2029\""},
        {{(const uint8_t *)"a\xff\xc3", 3}, "\"a\\ufffd\\ufffd\""},
        {{(const uint8_t *)"\xed\xa0\x80", 3}, "\"\\ufffd\\ufffd\\ufffd\""},
        {{(const uint8_t *)"\xef\xbf\xbd", 3}, "\"\xef\xbf\xbd\""},
        {{NULL, 0}, "\"\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_text_ struct text out = {0};
        struct json_writer w;

        text_init(&out, 100);
        jw_init(&w, &out, false);
        jw_string_view(&w, NULL, cases[i].value);
        assert_string_equal(out.data, cases[i].json);
    }
}

static void names_are_escaped_too(void **state)
{
    _cleanup_text_ struct text out = {0};
    struct json_writer w;

    (void)state;
    text_init(&out, 100);
    jw_init(&w, &out, true);
    jw_object(&w, NULL);
    jw_bool(&w, "a\"<", false);
    jw_end(&w);
    assert_string_equal(out.data, "{\"a\\\"\\u003c\":false}");
}

static void numbers(void **state)
{
    static const struct {
        double value;
        const char *json;
    } cases[] = {
        {0, "0.000"},
        {1.5, "1.500"},
        {-2.25, "-2.250"},
        {0.0004, "0.000"},
        {-0.0004, "0.000"},
        {0.9996, "1.000"},
        {NAN, "null"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {1e300, "null"},
        {123456.789, "123456.789"},
    };
    struct json_writer w;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_text_ struct text out = {0};

        text_init(&out, 100);
        jw_init(&w, &out, false);
        jw_double(&w, NULL, cases[i].value);
        assert_string_equal(out.data, cases[i].json);
    }
    {
        _cleanup_text_ struct text out = {0};

        text_init(&out, 100);
        jw_init(&w, &out, true);
        jw_array(&w, NULL);
        jw_int(&w, NULL, INT64_MIN);
        jw_int(&w, NULL, INT64_MAX);
        jw_end(&w);
        jw_array(&w, NULL);
        jw_raw(&w, NULL, view_str("[1, 2]"));
        jw_end(&w);
        assert_string_equal(out.data, "[-9223372036854775808,9223372036854775807],[[1, 2]]");
    }
}

static void a_full_text_stays_failed(void **state)
{
    struct text out;

    (void)state;
    text_init(&out, 40);
    write_sample(&out, false);
    assert_true(out.failed);
    text_finish(&out);
}

static void depth_reaches_its_limit(void **state)
{
    _cleanup_text_ struct text out = {0};
    struct json_writer w;

    (void)state;
    text_init(&out, 100);
    jw_init(&w, &out, true);
    for (int i = 0; i < JSON_WRITE_DEPTH; i++)
        jw_array(&w, NULL);
    for (int i = 0; i < JSON_WRITE_DEPTH; i++)
        jw_end(&w);
    assert_string_equal(out.data, "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indented_as_go_does),
        cmocka_unit_test(compact_is_one_line),
        cmocka_unit_test(strings_as_go_writes_them),
        cmocka_unit_test(names_are_escaped_too),
        cmocka_unit_test(numbers),
        cmocka_unit_test(a_full_text_stays_failed),
        cmocka_unit_test(depth_reaches_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
