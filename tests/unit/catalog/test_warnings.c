#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "catalog/warnings.h"

static void a_key_cannot_add_a_warning(void **state)
{
    struct text text;

    (void)state;
    text_init(&text, KIB);
    warnings_add(&text, "%s: the name is not valid", "tags/app/v1\nall is well\n.json");
    warnings_add(&text, "%s", "another\tone \x1b");
    assert_string_equal(text.data, "tags/app/v1?all is well?.json: the name is not valid\n"
                                   "another\tone \x1b\n");
    text_finish(&text);
}

static void an_error_names_its_key_once(void **state)
{
    struct text text;
    struct err err;

    (void)state;
    text_init(&text, KIB);
    err_set(&err, ERR_INTEGRITY, "document", "the pointer is empty");
    warnings_add_error(&text, "tags/app/v1.json", &err);
    err_set(&err, ERR_INTEGRITY, "too_large", "cannot read s3://b/tags/app/v1.json: too large");
    warnings_add_error(&text, "tags/app/v1.json", &err);
    assert_string_equal(text.data, "tags/app/v1.json: the pointer is empty\n"
                                   "cannot read s3://b/tags/app/v1.json: too large\n");
    text_finish(&text);
}

/* The first warnings are kept: the first one is the reason of an error. */
static void a_full_text_keeps_its_first_lines(void **state)
{
    struct text text;

    (void)state;
    text_init(&text, 55);
    for (int i = 0; i < 1000; i++)
        warnings_add(&text, "warning %d", i);
    assert_false(text.failed);
    assert_string_equal(text.data, "warning 0\nwarning 1\nfurther warnings are left out\n");
    text_finish(&text);
    text_init(&text, 8);
    warnings_add(&text, "%s", "a long line");
    assert_true(text.failed);
    text_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_cannot_add_a_warning),
        cmocka_unit_test(an_error_names_its_key_once),
        cmocka_unit_test(a_full_text_keeps_its_first_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
