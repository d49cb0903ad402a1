#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "os/random.h"

static void all_bytes_are_filled_and_differ(void **state)
{
    unsigned char one[256] = {0}, two[256] = {0}, tail[16] = {0};

    (void)state;
    assert_int_equal(os_random(one, sizeof one), 0);
    assert_int_equal(os_random(two, sizeof two), 0);
    assert_memory_not_equal(one, two, sizeof one);
    assert_memory_not_equal(one + sizeof one - sizeof tail, tail, sizeof tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_bytes_are_filled_and_differ)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
