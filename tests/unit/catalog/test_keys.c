#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/keys.h"

#define IMAGE "images/my-app/202511/my-app-20250721-2118-f7a5a27"

static struct image_name my_app(void)
{
    struct image_name name;
    struct err err;

    assert_int_equal(name_parse_image("my-app:20250721-2118-f7a5a27", &name, &err), 0);
    return name;
}

static void keys_are_the_originals(void **state)
{
    const struct image_name name = my_app();
    char key[KEY_MAX];

    (void)state;
    key_image(key, &name, NULL, KEY_ARCHIVE);
    assert_string_equal(key, "images/my-app/202507/my-app-20250721-2118-f7a5a27.tar.gz");
    key_image(key, &name, "202511", KEY_METADATA);
    assert_string_equal(key, IMAGE ".json");
    key_image(key, &name, "202511", KEY_INDEX);
    assert_string_equal(key, IMAGE ".index");
    key_tag(key, "myapp", "v1.2.0");
    assert_string_equal(key, "tags/myapp/v1.2.0.json");
    key_pointer(key, "myapp", "production");
    assert_string_equal(key, "pointers/myapp/production.json");
    key_audit(key, "myapp", "20261123-0819", "push", "f7a5a27", "0011aabb");
    assert_string_equal(key, "audit/myapp/202611/20261123-0819-push-f7a5a27-0011aabb.json");
    key_replaced(key, &name, "202511", "20261123-0819", 0, KEY_ARCHIVE);
    assert_string_equal(
        key, "archive/my-app/202511/my-app-20250721-2118-f7a5a27-archived-on-20261123-0819.tar.gz");
    key_replaced(key, &name, "202511", "20261123-0819", 2, KEY_METADATA);
    assert_string_equal(
        key, "archive/my-app/202511/my-app-20250721-2118-f7a5a27-archived-on-20261123-0819-2.json");
}

static void siblings(void **state)
{
    char key[KEY_MAX], long_key[KEY_MAX + 20];

    (void)state;
    assert_true(key_sibling(key, IMAGE ".tar.gz", KEY_INDEX));
    assert_string_equal(key, IMAGE ".index");
    assert_true(key_sibling(key, IMAGE ".tar.gz", KEY_METADATA));
    assert_string_equal(key, IMAGE ".json");
    assert_true(key_sibling(key, "archive/a/202511/a-archived-on-x.tar.gz", KEY_INDEX));
    assert_string_equal(key, "archive/a/202511/a-archived-on-x.index");
    assert_false(key_sibling(key, "x", KEY_INDEX));
    assert_string_equal(key, "");
    assert_false(key_sibling(key, "", KEY_INDEX));
    assert_false(key_sibling(key, ".tar.gz", KEY_INDEX));
    assert_false(key_sibling(key, IMAGE ".json", KEY_INDEX));
    assert_false(key_sibling(key, "tags/a/b.tar.gz", KEY_INDEX));
    memset(long_key, 'a', sizeof long_key);
    memcpy(long_key, "images/", 7);
    memcpy(long_key + sizeof long_key - 8, ".tar.gz", 8);
    assert_false(key_sibling(key, long_key, KEY_INDEX));
}

static void image_keys_are_read(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "images/",
        "images/my-app",
        "images/my-app/202511/",
        "images/my-app/202511/my-app",
        "images/my-app/202511/my-app-.tar.gz",
        IMAGE,
        IMAGE ".json",
        IMAGE ".index",
        IMAGE ".tar.gz.json",
        IMAGE ".tar.gz ",
        "/" IMAGE ".tar.gz",
        "Images/my-app/202511/my-app-20250721-2118-f7a5a27.tar.gz",
        "archive/my-app/202511/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/other/202511/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/my/202511/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/my-app/20251/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/my-app/2025111/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/my-app/202513/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/my-app/202500/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/my-app/2025ab/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/my-app/202511/x/my-app-20250721-2118-f7a5a27.tar.gz",
        "images/my-app/202511/my-app-20250231-2118-f7a5a27.tar.gz",
        "images/my-app/202511/my-app-20250721-2118-f7a5a2x.tar.gz",
        "images/my-app/202511/my-app-20250721-2118-f7a5a27:x.tar.gz",
        "images/../202511/..-20250721-2118-f7a5a27.tar.gz",
        "images//202511/-20250721-2118-f7a5a27.tar.gz",
        "images/ns/app/202511/ns/app-20250721-2118-f7a5a27.tar.gz",
        "images/my-app/202511/my-app-20250721-2118-f7a5a27-archived-on-20261123-0819.tar.gz",
    };
    struct image_name name;
    char month[CLOCK_MONTH_SIZE];

    (void)state;
    assert_true(key_parse_image(IMAGE ".tar.gz", &name, month));
    assert_string_equal(name.ref, "my-app:20250721-2118-f7a5a27");
    assert_string_equal(month, "202511");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (key_parse_image(bad[i], &name, month))
            fail_msg("accepted: %s", bad[i]);
}

static void fixed_keys_are_read(void **state)
{
    static const char *const bad[] = {IMAGE,
                                      IMAGE ".",
                                      IMAGE ".firs",
                                      IMAGE "-linux-arm64.json",
                                      IMAGE "-00112233445566ff.index",
                                      IMAGE ".json.json"};
    const struct image_name name = my_app();
    char key[KEY_MAX], month[CLOCK_MONTH_SIZE];
    struct image_name parsed;
    enum key_kind kind;

    (void)state;
    for (unsigned i = 0; i <= KEY_CLAIM; i++) {
        key_image(key, &name, "202511", (enum key_kind)i);
        assert_true(key_parse_fixed(key, &parsed, month, &kind));
        assert_int_equal(kind, i);
        assert_string_equal(parsed.ref, name.ref);
        assert_int_equal(key_parse_image(key, &parsed, month), i == KEY_ARCHIVE);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (key_parse_fixed(bad[i], &parsed, month, &kind))
            fail_msg("accepted: %s", bad[i]);
}

static void keys_of_data(void **state)
{
    static const char *const endings[] = {".tgz", ".tar.zst", ".data", ".index", ".retired"};
    static const char *const bad[] = {
        ".tgz",
        ".index",
        "-00112233445566f.data",
        "-00112233445566fff.data",
        "-00112233445566FF.data",
        "-00112233445566ff",
        "-00112233445566ff.",
        "-00112233445566ff.json",
        "-00112233445566ff.tar.gz",
        "-00112233445566ff.data.",
        "-00112233445566ff-00112233445566ff.data",
        "00112233445566ff.data",
    };
    const struct image_name name = my_app();
    char key[KEY_MAX], month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    struct image_name parsed;
    enum data_kind kind;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(endings); i++) {
        char expected[KEY_MAX] = IMAGE "-00112233445566ff";

        strcat(expected, endings[i]);
        key_data(key, &name, "202511", "00112233445566ff", (enum data_kind)i);
        assert_string_equal(key, expected);
        assert_true(key_parse_data(key, &parsed, month, unique, &kind));
        assert_int_equal(kind, i);
        assert_string_equal(parsed.ref, name.ref);
        assert_string_equal(month, "202511");
        assert_string_equal(unique, "00112233445566ff");
        assert_false(key_parse_image(key, &parsed, month));
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        str_copy(key, sizeof key, IMAGE);
        strcat(key, bad[i]);
        if (key_parse_data(key, &parsed, month, unique, &kind))
            fail_msg("accepted: %s", key);
    }
    assert_false(key_parse_data("archive/my-app/202511/my-app-20250721-2118-f7a5a27"
                                "-00112233445566ff.data",
                                &parsed, month, unique, &kind));
}

static void unique_numbers(void **state)
{
    char one[KEY_UNIQUE_SIZE], two[KEY_UNIQUE_SIZE];
    struct err err;

    (void)state;
    assert_int_equal(key_unique(one, &err), 0);
    assert_int_equal(key_unique(two, &err), 0);
    assert_int_equal(strspn(one, "0123456789abcdef"), KEY_UNIQUE_SIZE - 1);
    assert_string_not_equal(one, two);
}

static void keys_of_documents(void **state)
{
    static const struct {
        const char *platform, *key;
        enum key_kind kind;
    } good[] = {
        {NULL, IMAGE ".json", KEY_METADATA},
        {"", IMAGE ".retired", KEY_RETIRED},
        {"linux-arm64", IMAGE "-linux-arm64.json", KEY_METADATA},
        {"linux-arm-v7", IMAGE "-linux-arm-v7.retired", KEY_RETIRED},
        {"linux-a.json-v.1", IMAGE "-linux-a.json-v.1.json", KEY_METADATA},
    };
    static const char *const bad[] = {
        "",
        ".tar.gz",
        ".index",
        ".jsonx",
        "-.json",
        "-linux.json",
        "-00112233445566ff.retired",
        "-linux-arm.json",
        "-linux-arm64-v8.json",
        "-Linux-arm64.json",
        "-linux-arm64-v9-x.json",
        "-linux-arm64",
        "-linux-arm64.index",
        "-archived-on-20261123-0819.json",
    };
    const struct image_name name = my_app();
    char key[KEY_MAX], month[CLOCK_MONTH_SIZE], platform[PLATFORM_KEY_SIZE];
    struct image_name parsed;
    enum key_kind kind;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        key_document(key, &name, "202511", good[i].platform, good[i].kind);
        assert_string_equal(key, good[i].key);
        assert_true(key_parse_document(key, &parsed, month, platform, &kind));
        assert_int_equal(kind, good[i].kind);
        assert_string_equal(platform, good[i].platform ? good[i].platform : "");
        assert_string_equal(parsed.ref, name.ref);
        assert_string_equal(month, "202511");
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        str_copy(key, sizeof key, IMAGE);
        strcat(key, bad[i]);
        if (key_parse_document(key, &parsed, month, platform, &kind))
            fail_msg("accepted: %s", key);
    }
    key_replaced_document(key, &name, "202511", "linux-arm64", "20261123-0819", 1);
    assert_string_equal(key, "archive/my-app/202511/my-app-20250721-2118-f7a5a27-linux-arm64"
                             "-archived-on-20261123-0819-1.json");
    key_replaced_document(key, &name, NULL, NULL, "20261123-0819", 0);
    assert_string_equal(key, "archive/my-app/202507/my-app-20250721-2118-f7a5a27"
                             "-archived-on-20261123-0819.json");
    key_image(key, &name, "202511", KEY_CLAIM);
    assert_string_equal(key, IMAGE ".first");
}

/* Versions before 0.3 expect no key between the metadata and the archive but the tombstone. */
static void new_keys_sort_before_the_old_ones(void **state)
{
    const struct image_name name = my_app();
    char key[KEY_MAX], oldest[KEY_MAX];

    (void)state;
    key_image(oldest, &name, "202511", KEY_INDEX);
    for (unsigned i = 0; i <= DATA_RETIRED; i++) {
        key_data(key, &name, "202511", "ffffffffffffffff", (enum data_kind)i);
        assert_true(strcmp(key, oldest) < 0);
    }
    key_document(key, &name, "202511", "zos-s390x", KEY_METADATA);
    assert_true(strcmp(key, oldest) < 0);
    key_image(key, &name, "202511", KEY_CLAIM);
    assert_true(strcmp(key, oldest) < 0);
}

static void tag_and_pointer_keys_are_read(void **state)
{
    static const char *const bad[] = {
        "",
        "/",

        "/myapp/.json",
        "/myapp/v1",
        "/myapp/v1.jsn",
        "/v1.json",
        "/my/app/v1.json",
        "//v1.json",
        "/My/v1.json",
        "/myapp/../x.json",
        "/myapp/..json",
        "/myapp/v 1.json",
        "/myapp/v1\n.json",
    };
    char app[NAME_APP_MAX], version[NAME_VERSION_MAX], env[NAME_ENV_MAX], key[KEY_MAX];

    (void)state;
    assert_true(key_parse_tag("tags/my-app/v1.2.0+x.json", app, version));
    assert_string_equal(app, "my-app");
    assert_string_equal(version, "v1.2.0+x");
    assert_true(key_parse_pointer("pointers/my-app/prod.eu.json", app, env));
    assert_string_equal(env, "prod.eu");
    assert_false(key_parse_pointer("tags/my-app/prod.json", app, env));
    assert_false(key_parse_tag("pointers/my-app/prod.json", app, version));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        str_copy(key, sizeof key, "tags");
        strcat(key, bad[i]);
        if (key_parse_tag(key, app, version))
            fail_msg("accepted: %s", key);
        str_copy(key, sizeof key, "pointers");
        strcat(key, bad[i]);
        if (key_parse_pointer(key, app, env))
            fail_msg("accepted: %s", key);
    }
}

static void keys_of_hosts_are_read(void **state)
{
    static const char *const bad[] = {
        "deployments/my-app/web-1.json",          "deployments/My/prod/web-1.json",
        "deployments/my-app/prod/a/web-1.json",   "pointers/my-app/prod/web-1.json",
        "deployments/my-app/prod/.json",          "deployments/my-app/prod/web-1",
        "deployments/my-app/../web-1.json",       "deployments/my-app/prod/a..b.json",
        "deployments//prod/web-1.json",           "deployments/my-app//web-1.json",
        "deployments/my-app/prod/web 1.json",     "deployments/",
        "deployments/my-app/prod/web-1\x1b.json",
    };
    char app[NAME_APP_MAX], env[NAME_ENV_MAX], host[NAME_ENV_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (key_parse_deployed(bad[i], app, env, host))
            fail_msg("accepted: %s", bad[i]);
    assert_true(key_parse_deployed("deployments/my-app/prod.eu/web-1.json", app, env, host));
    assert_string_equal(host, "web-1");
}

static void sound_keys(void **state)
{
    static const char *const bad[] = {
        "",      "/",    "/a",    "a/",       "a//b",  ".",         "..",        "a/..", "../a",
        "a/./b", "a\nb", "a\x7f", "a\x1b[2J", "a\xff", "a\xc2\x9b", "a/../../b", "./a",
    };
    char long_key[KEY_MAX + 1];

    (void)state;
    assert_true(key_is_sound(IMAGE ".tar.gz"));
    assert_true(key_is_sound("x"));
    assert_true(key_is_sound("a/..b/.c/d.."));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (key_is_sound(bad[i]))
            fail_msg("accepted: %s", bad[i]);
    memset(long_key, 'a', KEY_MAX);
    long_key[KEY_MAX] = '\0';
    assert_false(key_is_sound(long_key));
    long_key[KEY_MAX - 1] = '\0';
    assert_true(key_is_sound(long_key));
}

static void keys_of_signatures(void **state)
{
    static const char *const pairs[][2] = {
        {"pointers/app/production.json", "signatures/pointers/app/production.sig"},
        {"tags/app/v1.0.json", "signatures/tags/app/v1.0.sig"},
        {"images/app/202511/app-20251130-0101-abcdef0.json",
         "signatures/images/app/202511/app-20251130-0101-abcdef0.sig"},
    };
    char out[KEY_MAX], long_key[KEY_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        assert_true(key_signatures(out, pairs[i][0]));
        assert_string_equal(out, pairs[i][1]);
        assert_true(key_of_signatures(out, pairs[i][1]));
        assert_string_equal(out, pairs[i][0]);
    }
    assert_false(key_signatures(out, "json"));
    assert_false(key_signatures(out, "images/app/202511/app-20251130-0101-abcdef0.index"));
    assert_false(key_of_signatures(out, "signatures/.sig"));
    assert_false(key_of_signatures(out, "signatures/tags/app/v1.json"));
    assert_false(key_of_signatures(out, "tags/app/v1.sig"));
    memset(long_key, 'a', sizeof long_key);
    str_copy(long_key + KEY_MAX - 10, 10, ".json");
    assert_false(key_signatures(out, long_key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_the_originals),
        cmocka_unit_test(siblings),
        cmocka_unit_test(image_keys_are_read),
        cmocka_unit_test(fixed_keys_are_read),
        cmocka_unit_test(keys_of_data),
        cmocka_unit_test(unique_numbers),
        cmocka_unit_test(keys_of_documents),
        cmocka_unit_test(new_keys_sort_before_the_old_ones),
        cmocka_unit_test(tag_and_pointer_keys_are_read),
        cmocka_unit_test(keys_of_hosts_are_read),
        cmocka_unit_test(sound_keys),
        cmocka_unit_test(keys_of_signatures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
