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

static void a_string_is_found(void **state)
{
    struct view bytes = view_of("a\0ab-ab", 7);

    (void)state;
    assert_ptr_equal(view_find_str(bytes, "ab"), bytes.data + 2);
    assert_ptr_equal(view_find_str(bytes, "-ab"), bytes.data + 4);
    assert_null(view_find_str(bytes, "abc"));
    assert_null(view_find_str(view_of(NULL, 0), "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare),
        cmocka_unit_test(a_string_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
