#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "os/user.h"

static void the_name_is_that_of_the_database(void **state)
{
    const struct passwd *entry = getpwuid(getuid());
    char name[256] = "unchanged", small[1] = "";

    (void)state;
    assert_int_equal(os_user_name(name, sizeof name), entry != NULL);
    assert_string_equal(name, entry ? entry->pw_name : "unchanged");
    assert_false(os_user_name(small, sizeof small));
}

static void a_group_of_many_or_of_nobody_is_not_private(void **state)
{
    (void)state;
    assert_false(os_is_private_group(0, 12345));
    assert_false(os_is_private_group((gid_t)987654, getuid()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_is_that_of_the_database),
        cmocka_unit_test(a_group_of_many_or_of_nobody_is_not_private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
