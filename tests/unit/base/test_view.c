#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/view.h"

static void views_compare(void **state)
{
    (void)state;
    assert_true(view_equals(view_of(NULL, 0), view_str("")));
    assert_true(view_equals(view_str(NULL), view_str("")));
    assert_true(view_equals_str(view_of("abc", 2), "ab"));
    assert_false(view_equals_str(view_of("a\0c", 3), "a"));
    assert_false(view_equals(view_str("a"), view_str("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
