#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/json_copy.h"

static void assert_copied(const char *from, bool compact, const char *to)
{
    _cleanup_text_ struct text out = {0};
    struct json_writer w;
    struct json *json;
    struct err err;

    text_init(&out, 64 * KIB);
    assert_int_equal(json_parse(&json, view_str(from), &JSON_DOCUMENT, "test", &err), 0);
    jw_init(&w, &out, compact);
    json_copy(&w, NULL, json_root(json));
    json_destroy(json);
    assert_string_equal(out.data, to);
}

static void only_the_form_changes(void **state)
{
    (void)state;
    assert_copied("{ \"a\" : [ 1.50, true,\n null ], \"b\":{} , \"c\":\"\\u0041<\xe2\x80\xa8\" }",
                  true, "{\"a\":[1.50,true,null],\"b\":{},\"c\":\"A\\u003c\\u2028\"}");
    assert_copied("{\"a\":[1]}", false, "{\n  \"a\": [\n    1\n  ]\n}");
    assert_copied("7", true, "7");
    assert_copied("{\"a\":null,\"b\":\"x\\u0000\"}", true, "{\"b\":\"\"}");
}

static void depth_is_bounded(void **state)
{
    (void)state;
    assert_copied("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", true, "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");
    assert_copied("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", true,
                  "[[[[[[[[[[[[[[[[null]]]]]]]]]]]]]]]]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_form_changes),
        cmocka_unit_test(depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
