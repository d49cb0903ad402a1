#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "kit/small.h"

static struct json *parse(const char *text)
{
    struct json *json = NULL;
    struct err err;

    if (json_parse(&json, view_str(text), &JSON_DOCUMENT, "doc", &err) < 0)
        fail_msg("%s", err.text);
    return json;
}

static bool refuses(struct view text, const struct json_limits *limits, struct err *err)
{
    struct json *json = NULL;
    int rc = json_parse(&json, text, limits, "doc", err);

    json_destroy(json);
    if (rc == 0)
        return false;
    assert_int_equal(err->family, ERR_INTEGRITY);
    assert_string_equal(err->code, "document");
    return true;
}

static void good_documents(void **state)
{
    static const char *const good[] = {
        "{}",
        "[]",
        " [ ] ",
        "\xef\xbb\xbf{}",
        "null",
        "true",
        "0",
        "-0",
        "\"\"",
        "-1.5e+10",
        "1E5",
        "0.0",
        "\t\r\n {\"a\" : [ 1 , {\"b\":null} ] }\n",
        "\"\\u0000\\uD834\\uDD1E\\ud800\\\"\\\\\\/\\b\\f\\n\\r\\t\x7f\xf0\x9f\x90\xb3\"",
        "[[],[],{},[{}]]",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        json_destroy(parse(good[i]));
}

static void bad_documents(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "\xef\xbb\xbf",
        "{",
        "}",
        "[",
        "]",
        "[1",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "{,}",
        "{\"a\" 1}",
        "{\"a\"::1}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{1:1}",
        "{null:1}",
        "{\"a\",\"b\"}",
        "[\"a\":1]",
        "{[]:1}",
        "{{}:1}",
        "[1 2]",
        "[1}",
        "{\"a\":1]",
        "1 2",
        "{} x",
        "{}{}",
        "{},",
        "//c\n{}",
        "{'a':1}",
        "'a'",
        "01",
        "-",
        "-a",
        "+1",
        ".5",
        "5.",
        "1.e5",
        "1e",
        "1e+",
        "0x10",
        "1_000",
        "--1",
        "1.2.3",
        "tru",
        "truth",
        "True",
        "nul",
        "nulll",
        "NaN",
        "Infinity",
        "undefined",
        "a",
        "\"",
        "\"abc",
        "\"\\\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u\"",
        "\"\\0\"",
        "\"\\",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\x01\"",
        "\"\x80\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\xff",
        "\xc2\xa0{}",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (!refuses(view_str(bad[i]), &JSON_DOCUMENT, &err))
            fail_msg("accepted: %s", bad[i]);
    assert_true(refuses(view_of("{}\0", 3), &JSON_DOCUMENT, &err));
    assert_true(refuses(view_of("\"a\0b\"", 5), &JSON_DOCUMENT, &err));
    assert_true(refuses(view_of("\0", 1), &JSON_DOCUMENT, &err));
}

static void errors_state_line_and_column(void **state)
{
    struct err err;

    (void)state;
    assert_true(refuses(view_str("{\n  \"\xc3\xa4\": x\n}"), &JSON_DOCUMENT, &err));
    assert_string_equal(err.text, "doc is not valid JSON: not a value (line 2, column 8)");
    assert_true(refuses(view_str("{}\n,"), &JSON_DOCUMENT, &err));
    assert_string_equal(err.text,
                        "doc is not valid JSON: more text after the document (line 2, column 1)");
    assert_true(refuses(view_str(""), &JSON_DOCUMENT, &err));
    assert_string_equal(err.text, "doc is empty");
    assert_true(refuses(view_of("\x1f\x8b\x08\0", 4), &JSON_DOCUMENT, &err));
    assert_string_equal(err.text, "doc is packed with gzip, and not JSON");
    assert_non_null(strstr(err.hint, "proxy"));
}

static void limits_are_exact(void **state)
{
    static const struct json_limits tight = {.bytes = 16, .depth = 3, .nodes = 4};
    struct json *json;
    struct err err;

    (void)state;
    assert_int_equal(json_parse(&json, view_str("[[[0]]]         "), &tight, "doc", &err), 0);
    json_destroy(json);
    assert_true(refuses(view_str("[[[0]]]          "), &tight, &err));
    assert_string_equal(err.text, "doc is larger than 16 bytes");
    assert_true(refuses(view_str("[[[[]]]]"), &tight, &err));
    assert_true(refuses(view_str("[0,0,0,0]"), &tight, &err));
    assert_true(refuses(view_str("{\"a\":{\"b\":0}}"), &tight, &err)); /* names count */
}

/* Quadratic time would be noticeable. */
static void hostile_shapes_are_quick(void **state)
{
    static const char *const units[] = {"[],", "{\"a\":[]},", "0,", "\"a\","};
    const size_t count = test_is_small() ? 6000 : 60000,
                 deep = test_is_small() ? 256 * KIB : 4 * MIB;
    struct text text;

    (void)state;
    text_init(&text, 4 * MIB);
    for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
        struct json_node root, last = {0};
        struct json *json;
        struct err err;
        size_t seen = 0;

        text_clear(&text);
        text_char(&text, '[');
        for (size_t i = 0; i < count; i++)
            text_str(&text, units[u]);
        text_str(&text, "0]");
        assert_int_equal(json_parse(&json, text_view(&text), &JSON_IMAGE, "doc", &err), 0);
        root = json_root(json);
        while ((last = json_next(root, last, NULL)).doc)
            seen++;
        assert_int_equal(seen, count + 1);
        json_destroy(json);
    }
    text_clear(&text);
    for (size_t i = 0; i < deep; i++)
        text_char(&text, '[');
    {
        struct err err;

        assert_true(refuses(text_view(&text), &JSON_IMAGE, &err));
    }
    text_finish(&text);
}

/* jsmn needs quadratic time for the brackets of a deep value. One is enough for any reader. */
static void deep_values_are_few(void **state)
{
    static const struct {
        unsigned depth, times;
        bool fine;
    } cases[] = {{9999, 1, true}, {9000, 2, true}, {9000, 3, false}, {100, 5000, true}};
    struct text text;
    struct err err;

    (void)state;
    text_init(&text, 4 * MIB);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct json *json = NULL;

        text_clear(&text);
        text_char(&text, '[');
        for (unsigned value = 0; value < cases[i].times; value++) {
            for (unsigned at = 0; at < cases[i].depth; at++)
                text_char(&text, '[');
            for (unsigned at = 0; at < cases[i].depth; at++)
                text_char(&text, ']');
            text_char(&text, value + 1 < cases[i].times ? ',' : ']');
        }
        assert_int_equal(json_parse(&json, text_view(&text), &JSON_IMAGE, "doc", &err),
                         cases[i].fine ? 0 : ERR_FAIL);
        if (!cases[i].fine)
            assert_non_null(strstr(err.text, "nested deeply too often"));
        json_destroy(json);
    }
    text_finish(&text);
}

static void absent_is_contagious(void **state)
{
    struct json *json = parse("{\"a\":{\"b\":7},\"n\":null,\"l\":[1]}");
    struct json_node root = json_root(json), none = json_get(json_get(root, "x"), "y"), name;
    char text[8] = "old";
    int64_t number = 5;

    (void)state;
    assert_int_equal(json_kind(none), JSON_ABSENT);
    assert_false(json_present(none));
    assert_false(json_string(none, text, sizeof text));
    assert_string_equal(text, "");
    assert_false(json_int(none, &number));
    assert_int_equal(number, 5);
    assert_true(json_bool(none, true));
    assert_int_equal(json_count(none), 0);
    assert_null(json_first(none).doc);
    assert_null(json_next(none, none, &name).doc);
    assert_null(name.doc);
    assert_int_equal(json_raw(none).size, 0);
    assert_null(json_get(json_get(root, "l"), "a").doc);
    assert_null(json_next(json_get(root, "l"), json_first(json_get(root, "l")), NULL).doc);
    assert_null(json_first(root).doc);
    assert_false(json_present(json_get(root, "n")));
    assert_int_equal(json_kind(json_get(root, "n")), JSON_NULL);
    assert_true(json_int(json_get(json_get(root, "a"), "b"), &number));
    assert_int_equal(number, 7);
    json_destroy(json);
    json_destroy(NULL);
}

/* The results of Go's encoding/json for the same documents. */
static void members_are_found_as_go_finds_them(void **state)
{
    static const struct {
        const char *text;
        int64_t size; /* -1: absent */
    } cases[] = {
        {"{\"size\":1}", 1},
        {"{\"SIZE\":1}", 1},
        {"{\"size\":1,\"size\":2}", 2},
        {"{\"size\":1,\"Size\":2}", 2},
        {"{\"size\":1,\"size\":null}", 1},
        {"{\"size\":null,\"size\":2}", 2},
        {"{\"s\\u0069ze\":3}", 3},
        {"{\"siz\":1,\"sizes\":2,\"x\":{\"size\":3}}", -1},
        {"{\"size\\u0000\":1}", -1},
        {"{\"other\":\"size\"}", -1},
        {"{}", -1},
        {"[\"size\",1]", -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct json *json = parse(cases[i].text);
        int64_t size = -1;

        json_int(json_get(json_root(json), "size"), &size);
        assert_int_equal(size, cases[i].size);
        json_destroy(json);
    }
}

static void exact_members_are_found_by_their_own_name(void **state)
{
    struct json *json = parse("{\"prod\":1,\"Prod\":2,\"Prod\":3,\"a\\u0062\":4,\"prod\":null}");
    struct json_node root = json_root(json);
    int64_t number = 0;

    (void)state;
    assert_true(json_int(json_get_exact(root, "prod"), &number));
    assert_int_equal(number, 1);
    assert_true(json_int(json_get_exact(root, "Prod"), &number));
    assert_int_equal(number, 3);
    assert_true(json_int(json_get_exact(root, "ab"), &number));
    assert_int_equal(number, 4);
    assert_null(json_get_exact(root, "PROD").doc);
    assert_null(json_get_exact(json_get(root, "prod"), "prod").doc);
    json_destroy(json);
}

static void strings_are_decoded(void **state)
{
    static const struct {
        const char *text, *value; /* NULL: refused */
    } cases[] = {
        {"\"\"", ""},
        {"\"abc\"", "abc"},
        {"\"\\u0041\\u00e4\\u20ac\"", "A\xc3\xa4\xe2\x82\xac"},
        {"\"\\ud83d\\udc33\"", "\xf0\x9f\x90\xb3"},
        {"\"\\uD83D\\uDC33\"", "\xf0\x9f\x90\xb3"},
        {"\"\\ud83d\"", "\xef\xbf\xbd"},
        {"\"\\udc33\"", "\xef\xbf\xbd"},
        {"\"\\ud83dx\"", "\xef\xbf\xbdx"},
        {"\"\\ud83d\\n\"", "\xef\xbf\xbd\n"},
        {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                               "A"},
        {"\"\\ud83d\\ud83d\\udc33\"", "\xef\xbf\xbd\xf0\x9f\x90\xb3"},
        {"\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"", "\b\f\n\r\t/\\\""},
        {"\"a\\u0000b\"", NULL},
        {"12", NULL},
        {"null", NULL},
        {"[]", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct json *json = parse(cases[i].text);
        struct json_node root = json_root(json);
        _cleanup_text_ struct text grown = {0};
        char out[32] = "old";

        text_init(&grown, 32);
        text_str(&grown, ">");
        if (cases[i].value) {
            assert_true(json_string(root, out, sizeof out));
            assert_string_equal(out, cases[i].value);
            assert_true(json_string_text(root, &grown));
            assert_string_equal(grown.data + 1, cases[i].value);
            assert_true(json_string_equals(root, cases[i].value));
        } else {
            assert_false(json_string(root, out, sizeof out));
            assert_string_equal(out, "");
            assert_false(json_string_text(root, &grown));
            assert_string_equal(grown.data, ">");
            assert_false(json_string_equals(root, "a"));
        }
        assert_false(json_string_equals(root, "another"));
        json_destroy(json);
    }
}

static void strings_fit_or_are_refused(void **state)
{
    struct json *json = parse("[\"abcd\",\"ab\\u20ac\"]");
    struct json_node root = json_root(json), plain = json_first(root);
    struct json_node euro = json_next(root, plain, NULL);
    _cleanup_text_ struct text small = {0};
    char out[6];

    (void)state;
    assert_true(json_string(plain, out, 5));
    assert_false(json_string(plain, out, 4));
    assert_string_equal(out, "");
    assert_true(json_string(euro, out, 6));
    assert_false(json_string(euro, out, 5));
    assert_false(json_string(plain, out, 1));
    assert_false(json_string_equals(plain, "abc"));
    assert_false(json_string_equals(plain, "abcde"));
    text_init(&small, 3);
    assert_false(json_string_text(plain, &small));
    json_destroy(json);
}

static void integers_are_literals(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"115", true, 115},
        {"-42", true, -42},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999999", false, 0},
        {"1e3", false, 0},
        {"1.0", false, 0},
        {"\"1\"", false, 0},
        {"true", false, 0},
        {"null", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct json *json = parse(cases[i].text);
        int64_t value = 77;

        assert_int_equal(json_int(json_root(json), &value), cases[i].good);
        assert_int_equal(value, cases[i].good ? cases[i].value : 77);
        json_destroy(json);
    }
}

static void walking_in_order(void **state)
{
    struct json *json = parse("{\"a\":[1,[2,3],{\"x\":[]}],\"b\":\"s\",\"c\":true}");
    struct json_node root = json_root(json), value = {0}, name, list = json_get(root, "a");
    struct json_node second = json_next(list, json_first(list), NULL);
    struct json_node third = json_next(list, second, NULL);
    char names[8] = "", one[4];

    (void)state;
    while ((value = json_next(root, value, &name)).doc) {
        assert_true(json_string(name, one, sizeof one));
        strcat(names, one);
    }
    assert_string_equal(names, "abc");
    assert_int_equal(json_count(root), 3);
    assert_int_equal(json_count(list), 3);
    assert_int_equal(json_kind(third), JSON_OBJECT);
    assert_true(view_equals_str(json_raw(second), "[2,3]"));
    assert_true(view_equals_str(json_raw(json_get(root, "b")), "\"s\""));
    assert_true(view_equals_str(json_raw(json_get(root, "c")), "true"));
    assert_true(json_bool(json_get(root, "c"), false));
    assert_false(json_bool(json_get(root, "b"), false));
    assert_int_equal(json_count(json_get(third, "x")), 0);
    json_destroy(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents),
        cmocka_unit_test(bad_documents),
        cmocka_unit_test(errors_state_line_and_column),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(hostile_shapes_are_quick),
        cmocka_unit_test(deep_values_are_few),
        cmocka_unit_test(absent_is_contagious),
        cmocka_unit_test(members_are_found_as_go_finds_them),
        cmocka_unit_test(exact_members_are_found_by_their_own_name),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(strings_fit_or_are_refused),
        cmocka_unit_test(integers_are_literals),
        cmocka_unit_test(walking_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
