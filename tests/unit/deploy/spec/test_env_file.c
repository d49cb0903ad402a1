#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "deploy/spec/env_file.h"

/* Joins the variables of a content with "|". */
static const char *read(const char *content, struct text *out, struct err *err)
{
    text_init_secret(out, 64 * KIB);
    if (env_file_parse(view_str(content), "shop.env", out, err))
        return NULL;
    for (size_t i = 0; i < out->size; i++)
        if (!out->data[i])
            out->data[i] = '|';
    return out->data;
}

static void lines_are_read_as_docker_does(void **state)
{
    static const struct {
        const char *content, *variables;
    } cases[] = {
        {"", ""},
        {"A=1", "A=1|"},
        {"A=1\nB=2\n", "A=1|B=2|"},
        {"A=1\r\nB=2\r\n", "A=1|B=2|"},
        {"\xef\xbb\xbf"
         "A=1\n",
         "A=1|"},
        {"# no\n\n  \t\n  # no\n  A=1\n", "A=1|"},
        {"A=\"quoted\" 'as is' $HOME # not a comment  \n",
         "A=\"quoted\" 'as is' $HOME # not a comment  |"},
        {"A=\nB==\nC=a=b\n", "A=|B==|C=a=b|"},
        {"A=1\nA=2\n", "A=1|A=2|"},
        {"a.b-c=\xc3\xa4\n", "a.b-c=\xc3\xa4|"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_text_ struct text out = {0};
        struct err err;

        assert_string_equal(read(cases[i].content, &out, &err), cases[i].variables);
    }
}

static void wrong_lines_are_named_without_their_values(void **state)
{
    static const struct {
        const char *content, *words;
    } cases[] = {
        {"A=1\nsecret-word\n", "line 2 of the env file shop.env has no ="},
        {"=secret-word\n", "has no name"},
        {"A B=secret-word\n", "has white space in the name"},
        {"A =secret-word\n", "has white space in the name"},
        {"A=secret-word\xff\n", "is not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_text_ struct text out = {0};
        struct err err;

        assert_null(read(cases[i].content, &out, &err));
        assert_non_null(strstr(err.text, cases[i].words));
        assert_null(strstr(err.text, "secret-word"));
        assert_string_equal(err.code, "deploy");
    }
}

static void a_nul_and_a_huge_file_are_refused(void **state)
{
    _cleanup_text_ struct text out = {0};
    struct err err;

    (void)state;
    text_init(&out, 8);
    assert_int_equal(env_file_parse(view_of("A=\0b\n", 5), "f", &out, &err), ERR_FAIL);
    assert_int_equal(env_file_parse(view_str("A=12345\nB=12345\n"), "f", &out, &err), ERR_FAIL);
    assert_string_equal(err.code, "too_large");
}

static void values_of_secret_names_are_redacted(void **state)
{
    static const char variables[] = "DB_PASSWORD=correct-horse\0MODE=production\0SHORT_KEY=abc\0"
                                    "DATABASE_URL=postgres://shop:battery-staple@db/shop\0"
                                    "api_token=0123456789abcdef\0PLAIN_URL=http://a/b:c@d";
    char text[] = "correct-horse production abc battery-staple 0123456789abcdef c@d";

    (void)state;
    env_file_redact(view_of(variables, sizeof variables));
    log_redact(text);
    assert_string_equal(text, "*** production abc *** *** c@d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_as_docker_does),
        cmocka_unit_test(wrong_lines_are_named_without_their_values),
        cmocka_unit_test(a_nul_and_a_huge_file_are_refused),
        cmocka_unit_test(values_of_secret_names_are_redacted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
