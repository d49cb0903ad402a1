#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/utf8.h"
#include "catalog/name.h"

#define FORTY   "0123456789abcdef0123456789abcdef01234567"
#define SIXTY4  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONGEST SIXTY4 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void references(void **state)
{
    static const char *const good[] = {
        "myapp:20250721-2118-f7a5a27",   "my-app.x_y__z---1:20240229-0000-abcde",
        "a:99991231-2359-" FORTY,        "0:00000101-0000-00000",
        LONGEST ":20250721-2118-" FORTY,
    };
    struct image_name name;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        if (name_parse_image(good[i], &name, &err) < 0)
            fail_msg("%s", err.text);
        assert_string_equal(name.ref, good[i]);
    }
    assert_int_equal(name_parse_image(good[0], &name, &err), 0);
    assert_string_equal(name.app, "myapp");
    assert_string_equal(name.time, "20250721-2118");
    assert_string_equal(name.hash, "f7a5a27");
    assert_string_equal(name.tag, "20250721-2118-f7a5a27");
}

static void a_bad_reference_has_a_reason_and_a_hint(void **state)
{
    static const struct {
        const char *text, *says, *hints;
    } cases[] = {
        {"", "it is empty", "myapp:20250721-2118-f7a5a27"},
        {"myapp", "invalid image reference format: myapp (the tag is missing)", "myapp:"},
        {"myapp:latest", "invalid tag format in image reference: myapp:latest",
         "docker tag myapp:latest myapp:YYYYMMDD-HHMM-hash"},
        {"myapp:", "invalid tag format", "myapp:20250721"},
        {"myapp:v1.2.0", "invalid tag format", "myapp:20250721"},
        {"host:5000/ns/myapp:20250721-2118-f7a5a27", "registry hosts and namespaces",
         "write it as myapp:20250721-2118-f7a5a27; before a push: docker tag "
         "host:5000/ns/myapp:20250721-2118-f7a5a27 myapp:20250721-2118-f7a5a27"},
        {"host:5000/ns/myapp:latest", "registry hosts and namespaces", "write it as"},
        {"ns/", "registry hosts and namespaces", "write it as"},
        {"myapp@sha256:abc", "a digest is not a name", "write it as"},
        {"ns/a@sha256:abc", "a digest is not a name", "write it as"},
        {"a:b:20250721-2118-f7a5a27", "invalid image reference format", ""},
        {":20250721-2118-f7a5a27", "name is missing", ""},
        {"MyApp:20250721-2118-f7a5a27", "upper-case", "as in shop"},
        {"my__-app:20250721-2118-f7a5a27", "a-z and 0-9", ""},
        {"my..app:20250721-2118-f7a5a27", "a-z and 0-9", ""},
        {"../x:20250721-2118-f7a5a27", "registry hosts and namespaces", ""},
        {"..:20250721-2118-f7a5a27", "a-z and 0-9", ""},
        {"my app:20250721-2118-f7a5a27", "a-z and 0-9", ""},
        {"my\x1b[0mapp:20250721-2118-f7a5a27", "a-z and 0-9", ""},
        {"my\napp:20250721-2118-f7a5a27", "a-z and 0-9", ""},
        {"m\xc3\xa4pp:20250721-2118-f7a5a27", "a-z and 0-9", ""},
        {LONGEST "b:20250721-2118-f7a5a27", "too long", "at most 127 characters"},
        {"myapp:20250230-2118-f7a5a27", "there is no such date and time", ""},
        {"myapp:20250721-2460-f7a5a27", "there is no such date and time", ""},
        {"myapp:20250721-2118-F7A5A27", "the hash is not", ""},
        {"myapp:20250721-2118-f7a5", "the hash is not", ""},
        {"myapp:20250721-2118-", "the hash is not", ""},
        {"myapp:20250721-2118", "the tag is not YYYYMMDD-HHMM-hash", ""},
        {"myapp:20250721-2118-" FORTY "0", "the hash is not", ""},
        {"myapp:20250721-2118-f7a5a27-x", "the hash is not", ""},
        {"myapp:20250721-2118-f7a5a2/", "registry hosts and namespaces", ""},
        {"myapp:20250721-2118-f7a5a27 ", "the hash is not", ""},
        {"myapp:2025072x-2118-f7a5a27", "the tag is not YYYYMMDD-HHMM-hash", ""},
        {"myapp:20250721x2118-f7a5a27", "the tag is not YYYYMMDD-HHMM-hash", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct image_name name = {.app = "untouched"};
        struct err err = {0};

        if (name_parse_image(cases[i].text, &name, &err) == 0)
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(err.family, ERR_USAGE);
        assert_string_equal(err.code, "reference");
        if (!strstr(err.text, cases[i].says) || !strstr(err.hint, cases[i].hints))
            fail_msg("%s: %s / %s", cases[i].text, err.text, err.hint);
        assert_string_equal(name.app, "untouched");
        assert_true(str_is_printable(err.text) && str_is_printable(err.hint));
    }
}

struct label {
    const char *text;
    bool app, env, version;
};

static void labels(void **state)
{
    static const struct label cases[] = {
        {"production", true, true, true},
        {"v1.2.0", true, true, true},
        {"v1.2.0-rc.1", true, true, true},
        {"1.0.0+build.5", false, false, true},
        {"Prod_EU", false, true, true},
        {"my-app", true, true, true},
        {"a", true, true, true},
        {"7", true, true, true},
        {"my__app", true, true, true},
        {"my___app", false, true, true},
        {"app-", false, true, true},
        {"a.-b", false, true, true},
        {SIXTY4, true, true, true},
        {SIXTY4 "a", true, false, true},
        {LONGEST, true, false, true},
        {LONGEST "a", false, false, true},
        {LONGEST "aa", false, false, false},
        {"", false, false, false},
        {".", false, false, false},
        {"..", false, false, false},
        {"a..b", false, false, false},
        {"../../pointers/myapp/prod", false, false, false},
        {"a/b", false, false, false},
        {"a\\b", false, false, false},
        {"-x", false, false, false},
        {"_x", false, false, false},
        {".hidden", false, false, false},
        {"a b", false, false, false},
        {"a\n", false, false, false},
        {"a\x1b", false, false, false},
        {"a\x7f", false, false, false},
        {"\xc3\xa4", false, false, false},
        {"a:b", false, false, false},
        {"a%2e", false, false, false},
        {"a*", false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct label *label = &cases[i];
        struct err err = {.code = "name"};

        if ((name_check_app(label->text, &err) == 0) != label->app ||
            (name_check_env(label->text, &err) == 0) != label->env ||
            (name_check_version(label->text, &err) == 0) != label->version)
            fail_msg("%s", label->text);
        assert_string_equal(err.code, "name");
    }
}

static void a_refused_name_gets_its_limit(void **state)
{
    struct err err;

    (void)state;
    assert_int_not_equal(name_check_app(LONGEST LONGEST, &err), 0);
    assert_non_null(strstr(err.hint, "at most 127 "));
    assert_int_not_equal(name_check_env(LONGEST LONGEST, &err), 0);
    assert_non_null(strstr(err.hint, "at most 64 "));
    assert_int_not_equal(name_check_version(LONGEST LONGEST, &err), 0);
    assert_non_null(strstr(err.hint, "at most 128 "));
}

static void hashes(void **state)
{
    (void)state;
    assert_true(name_is_hash("f7a5a27"));
    assert_true(name_is_hash("00000"));
    assert_true(name_is_hash(FORTY));
    assert_false(name_is_hash(""));
    assert_false(name_is_hash("f7a5"));
    assert_false(name_is_hash(FORTY "0"));
    assert_false(name_is_hash("F7A5A27"));
    assert_false(name_is_hash("../../x"));
}

static void only_default_prefixes_mean_the_same(void **state)
{
    static const struct {
        const char *name, *reference;
        bool same;
    } cases[] = {
        {"app:1", "app:1", true},
        {"localhost/app:1", "app:1", true},
        {"library/app:1", "app:1", true},
        {"docker.io/library/app:1", "app:1", true},
        {"app:1", "app:2", false},
        {"app:10", "app:1", false},
        {"app", "app:1", false},
        {"registry.example.com/app:1", "app:1", false},
        {"registry.example.com/library/app:1", "app:1", false},
        {"host:5000/app:1", "app:1", false},
        {"localhost:5000/app:1", "app:1", false},
        {"localhost/library/app:1", "app:1", false},
        {"library/library/app:1", "app:1", false},
        {"docker.io/app:1", "app:1", false},
        {"docker.io/team/app:1", "app:1", false},
        {"index.docker.io/library/app:1", "app:1", false},
        {"Docker.io/library/app:1", "app:1", false},
        {"team/app:1", "app:1", false},
        {"myapp:1", "app:1", false},
        {"/app:1", "app:1", false},
        {"app:1", "docker.io/app:1", false},
        {"", "app:1", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (name_means(cases[i].name, cases[i].reference) != cases[i].same)
            fail_msg("%s and %s", cases[i].name, cases[i].reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references), cmocka_unit_test(a_bad_reference_has_a_reason_and_a_hint),
        cmocka_unit_test(labels),     cmocka_unit_test(a_refused_name_gets_its_limit),
        cmocka_unit_test(hashes),     cmocka_unit_test(only_default_prefixes_mean_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
