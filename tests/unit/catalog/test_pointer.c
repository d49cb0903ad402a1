#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "catalog/pointer.h"
#include "kit/golden.h"

static void the_originals_documents_byte_for_byte(void **state)
{
    static const struct {
        const char *document;
        enum pointer_target target;
        const char *source_tag;
    } cases[] = {
        {"tag.json", POINTER_IMAGE, ""},
        {"pointer-env-image.json", POINTER_IMAGE, ""},
        {"pointer-env-tag.json", POINTER_TAG, "v1.2.0"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_text_ struct text golden = {0}, again = {0};
        struct pointer pointer;
        struct err err;

        golden_read(cases[i].document, &golden);
        assert_int_equal(pointer_parse(text_view(&golden), &pointer, &err), 0);
        assert_int_equal(pointer.target, cases[i].target);
        assert_string_equal(pointer.source_tag, cases[i].source_tag);
        assert_string_equal(pointer.source_image, "myapp:20250721-2118-f7a5a27");
        assert_string_equal(pointer.promoted_by, "root");
        assert_string_equal(pointer.git_time, "20250721-2118");
        text_init(&again, 64 * KIB);
        pointer_write(&pointer, &again);
        assert_string_equal(again.data, golden.data);
    }
}

static void tolerated(void **state)
{
    static const struct {
        const char *json, *target_path;
    } cases[] = {
        {"{\"target_type\":\"image\",\"target_path\":\"x\"}", "x"},
        {"{\"Target_Type\":\"tag\",\"TARGET_PATH\":\"tags/a/b.json\"}", "tags/a/b.json"},
        {"{\"target_type\":\"image\",\"target_path\":\"x\",\"promoted_at\":null,\"more\":{}}", "x"},
        {"\xef\xbb\xbf{\"target_type\":\"image\",\"target_path\":\"a\",\"target_path\":\"b\"}",
         "b"},
        {"{\"target_type\":\"image\",\"target_path\":\"x\","
         "\"promoted_at\":\"2026-11-23T08:19:34.480966983-11:30\"}",
         "x"},
        {"{\"target_type\":\"image\",\"target_path\":\"images/other/202511/other-1.tar.gz\"}",
         "images/other/202511/other-1.tar.gz"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct pointer pointer;
        struct err err;

        if (pointer_parse(view_str(cases[i].json), &pointer, &err) < 0)
            fail_msg("%s: %s", cases[i].json, err.text);
        assert_string_equal(pointer.target_path, cases[i].target_path);
    }
}

/* The original refuses a document with an empty time. */
static void a_missing_time_stays_missing(void **state)
{
    const struct pointer pointer = {.target = POINTER_TAG, .target_path = "tags/a/v1.json"};
    _cleanup_text_ struct text out = {0};

    (void)state;
    text_init(&out, 4096);
    pointer_write(&pointer, &out);
    assert_string_equal(out.data, "{\n"
                                  "  \"target_type\": \"tag\",\n"
                                  "  \"target_path\": \"tags/a/v1.json\",\n"
                                  "  \"promoted_by\": \"\",\n"
                                  "  \"git_hash\": \"\",\n"
                                  "  \"git_time\": \"\"\n"
                                  "}");
}

static void hostile_documents(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"target_type\":\"image\"}",
        "{\"target_path\":\"x\"}",
        "{\"target_type\":\"\",\"target_path\":\"x\"}",
        "{\"target_type\":\"image\",\"target_path\":\"\"}",
        "{\"target_type\":\"images\",\"target_path\":\"x\"}",
        "{\"target_type\":\"environment\",\"target_path\":\"x\"}",
        "{\"target_type\":\"IMAGE\",\"target_path\":\"x\"}",
        "{\"target_type\":1,\"target_path\":\"x\"}",
        "{\"target_type\":\"image\",\"target_path\":[\"x\"]}",
        "{\"target_type\":\"image\",\"target_path\":\"../x\"}",
        "{\"target_type\":\"image\",\"target_path\":\"/x\"}",
        "{\"target_type\":\"image\",\"target_path\":\"a/../../x\"}",
        "{\"target_type\":\"image\",\"target_path\":\"a\\u0000b\"}",
        "{\"target_type\":\"image\",\"target_path\":\"a\\r\\nHost: b\"}",
        "{\"target_type\":\"image\",\"target_path\":\"x\",\"promoted_at\":\"\"}",
        "{\"target_type\":\"image\",\"target_path\":\"x\",\"promoted_at\":\"2026-11-23\"}",
        "{\"target_type\":\"image\",\"target_path\":\"x\",\"promoted_by\":\"\\u001b]0;x\\u0007\"}",
        "{\"target_type\":\"image\",\"target_path\":\"x\"} {}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct pointer pointer;
        struct err err;

        if (pointer_parse(view_str(bad[i]), &pointer, &err) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.family, ERR_INTEGRITY);
    }
}

static void too_long_is_refused(void **state)
{
    _cleanup_text_ struct text json = {0};
    struct pointer pointer;
    struct err err;

    (void)state;
    text_init(&json, 4096);
    text_str(&json, "{\"target_type\":\"image\",\"target_path\":\"");
    for (int i = 0; i < KEY_MAX; i++)
        text_char(&json, 'a');
    text_str(&json, "\"}");
    assert_int_equal(pointer_parse(text_view(&json), &pointer, &err), ERR_FAIL);
    assert_string_equal(pointer.target_path, "");
    assert_string_equal(err.text, "the pointer: member target_path is too long, or contains a NUL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_originals_documents_byte_for_byte),
        cmocka_unit_test(tolerated),
        cmocka_unit_test(a_missing_time_stays_missing),
        cmocka_unit_test(hostile_documents),
        cmocka_unit_test(too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
