#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "catalog/platform.h"

static void each_platform_has_one_form(void **state)
{
    static const struct {
        const char *text, *normal, *key;
    } cases[] = {
        {"linux/amd64", "linux/amd64", "linux-amd64"},
        {"linux/amd64/v1", "linux/amd64", "linux-amd64"},
        {"linux/amd64/v3", "linux/amd64/v3", "linux-amd64-v3"},
        {"Linux/AMD64", "linux/amd64", "linux-amd64"},
        {"linux/x86_64", "linux/amd64", "linux-amd64"},
        {"linux/x86-64", "linux/amd64", "linux-amd64"},
        {"linux/arm64", "linux/arm64", "linux-arm64"},
        {"linux/arm64/v8", "linux/arm64", "linux-arm64"},
        {"linux/arm64/8", "linux/arm64", "linux-arm64"},
        {"linux/arm64/v9", "linux/arm64/v9", "linux-arm64-v9"},
        {"linux/aarch64", "linux/arm64", "linux-arm64"},
        {"linux/arm", "linux/arm/v7", "linux-arm-v7"},
        {"linux/arm/7", "linux/arm/v7", "linux-arm-v7"},
        {"linux/arm/v6", "linux/arm/v6", "linux-arm-v6"},
        {"linux/armhf", "linux/arm/v7", "linux-arm-v7"},
        {"linux/armel", "linux/arm/v6", "linux-arm-v6"},
        {"linux/i386", "linux/386", "linux-386"},
        {"linux/riscv64", "linux/riscv64", "linux-riscv64"},
        {"macos/arm64", "darwin/arm64", "darwin-arm64"},
        {"my-os/a-b/c.d", "my_os/a_b/c.d", "my_os-a_b-c.d"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct platform platform, again;
        char text[PLATFORM_TEXT_SIZE], key[PLATFORM_KEY_SIZE];

        assert_true(platform_parse(cases[i].text, &platform));
        platform_text(&platform, text);
        assert_string_equal(text, cases[i].normal);
        platform_key(&platform, key);
        assert_string_equal(key, cases[i].key);
        assert_true(platform_parse(text, &again));
        assert_true(platform_same(&again, &platform));
        assert_true(platform_parse_key(key, &again));
        assert_true(platform_same(&again, &platform));
    }
}

static void other_texts_are_refused(void **state)
{
    static const char *const bad[] = {
        "",           "linux",          "/",
        "linux/",     "/amd64",         "linux//v7",
        "linux/arm/", "linux/a/b/c",    "linux amd64",
        "linux/a\nb", "linux/amd64:x",  "..\\/x",
        "all",        "linux/\xc3\xa4", "linux/0123456789012345678901234567890123456789",
    };
    static const char *const bad_keys[] = {
        "",
        "linux",
        "linux-arm",
        "linux-arm64-v8",
        "Linux-amd64",
        "linux-a-b-c",
        "linux/amd64",
        "linux-x86_64",
    };
    struct platform platform;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        memset(&platform, 'x', sizeof platform);
        if (platform_parse(bad[i], &platform))
            fail_msg("accepted: %s", bad[i]);
        assert_string_equal(platform.os, "");
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad_keys); i++)
        if (platform_parse_key(bad_keys[i], &platform))
            fail_msg("accepted: %s", bad_keys[i]);
}

static void any_platform_is_the_same_as_each(void **state)
{
    struct platform amd64, arm64, any;
    char text[PLATFORM_TEXT_SIZE], key[PLATFORM_KEY_SIZE];

    (void)state;
    assert_true(platform_parse("linux/amd64", &amd64));
    assert_true(platform_parse("linux/arm64/v8", &arm64));
    assert_false(platform_parse("", &any));
    assert_true(platform_same(&amd64, &amd64));
    assert_false(platform_same(&amd64, &arm64));
    assert_true(platform_same(&any, &arm64));
    assert_true(platform_same(&amd64, &any));
    platform_text(&any, text);
    platform_key(&any, key);
    assert_string_equal(text, "");
    assert_string_equal(key, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_platform_has_one_form),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(any_platform_is_the_same_as_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
