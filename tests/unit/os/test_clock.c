#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/clock.h"

static void the_clock_does_not_go_back(void **state)
{
    int64_t before = os_clock_boot();

    (void)state;
    assert_true(before > 0);
    assert_true(os_clock_boot() >= before);
}

static void a_sleep_reaches_its_time(void **state)
{
    int64_t until = os_clock_boot() + 2000000;

    (void)state;
    os_sleep_until_boot(until);
    assert_true(os_clock_boot() >= until);
    os_sleep_until_boot(0); /* a time that has passed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_does_not_go_back),
        cmocka_unit_test(a_sleep_reaches_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
