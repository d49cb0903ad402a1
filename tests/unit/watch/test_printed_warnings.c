#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "watch/printed_warnings.h"

static void a_warning_of_each_check_is_printed_once(void **state)
{
    struct printed_warnings printed = {.count = 0};

    (void)state;
    assert_true(printed_warnings_add(&printed, "the proxy refuses", true));
    assert_false(printed_warnings_end_check(&printed, true));
    for (int i = 0; i < 3; i++) {
        assert_false(printed_warnings_add(&printed, "the proxy refuses", true));
        assert_false(printed_warnings_end_check(&printed, true));
    }
    assert_true(printed_warnings_end_check(&printed, true)); /* its end is reported once */
    assert_false(printed_warnings_end_check(&printed, true));
    assert_true(printed_warnings_add(&printed, "the proxy refuses", true));
}

static void a_warning_of_each_try_is_printed_once_until_one_succeeds(void **state)
{
    struct printed_warnings printed = {.count = 0};

    (void)state;
    assert_true(printed_warnings_add(&printed, "the log has no limit", false));
    for (int i = 0; i < 3; i++) {
        assert_false(printed_warnings_end_check(&printed, false));
        assert_false(printed_warnings_add(&printed, "the log has no limit", false));
    }
    assert_false(printed_warnings_end_check(&printed, true));
    assert_false(printed_warnings_end_check(&printed, true)); /* no check had a warning */
    assert_true(printed_warnings_add(&printed, "the log has no limit", false));
}

static void many_warnings_push_out_the_oldest(void **state)
{
    struct printed_warnings printed = {.count = 0};
    char text[16];

    (void)state;
    for (int i = 0; i <= PRINTED_WARNINGS_MAX; i++) {
        snprintf(text, sizeof text, "warning %d", i);
        assert_true(printed_warnings_add(&printed, text, true));
        assert_false(printed_warnings_add(&printed, text, true));
    }
    assert_true(printed_warnings_add(&printed, "warning 0", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warning_of_each_check_is_printed_once),
        cmocka_unit_test(a_warning_of_each_try_is_printed_once_until_one_succeeds),
        cmocka_unit_test(many_warnings_push_out_the_oldest),
    };

    return cmocka_run_group_tests_name("printed_warnings", tests, NULL, NULL);
}
