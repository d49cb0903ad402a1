#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/reference.h"

static void names_that_docker_accepts(void **state)
{
    static const struct {
        const char *text, *repository, *tag;
    } cases[] = {
        {"app:current", "app", "current"},
        {"app", "app", "latest"},
        {"team/app:v1.2_x-Y", "team/app", "v1.2_x-Y"},
        {"registry.example.com/team/app:v1", "registry.example.com/team/app", "v1"},
        {"registry:5000/app", "registry:5000/app", "latest"},
        {"localhost/app:1", "localhost/app", "1"},
        {"Registry.example.com/app:1", "Registry.example.com/app", "1"},
        {"a__b.c---d/e:_", "a__b.c---d/e", "_"},
    };
    struct reference reference;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (reference_parse(cases[i].text, &reference, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_string_equal(reference.repository, cases[i].repository);
        assert_string_equal(reference.tag, cases[i].tag);
        assert_memory_equal(reference.text, cases[i].text, strlen(cases[i].text));
    }
}

static void names_that_docker_refuses(void **state)
{
    static const char *const cases[] = {
        "",         ":",         ":tag",          "app:",        "App:1",      "app:1:2", "app:.x",
        "app:-x",   "/app",      "app/",          "a//b",        "a..b",       "a___b",   "a-",
        "-a",       "_a:1",      "a.-b",          "app @1",      "a b",        "app:a b", "app\n:1",
        "host:x/a", "host:/a:1", ".host.com/a:1", "a@sha256:00", "\xc3\xa4:1", "../a:1"};
    char longest[400];
    struct reference reference;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (reference_parse(cases[i], &reference, &err) != ERR_FAIL)
            fail_msg("%s", cases[i]);
        assert_string_equal(err.code, "reference");
    }
    memset(longest, 'a', sizeof longest);
    longest[REFERENCE_REPOSITORY_MAX] = '\0';
    assert_int_equal(reference_parse(longest, &reference, &err), ERR_FAIL);
    longest[REFERENCE_REPOSITORY_MAX - 1] = '\0';
    assert_int_equal(reference_parse(longest, &reference, &err), 0);
    memset(longest, 'a', sizeof longest);
    longest[1] = ':';
    longest[2 + REFERENCE_TAG_MAX] = '\0';
    assert_int_equal(reference_parse(longest, &reference, &err), ERR_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_docker_accepts),
        cmocka_unit_test(names_that_docker_refuses),
    };

    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
