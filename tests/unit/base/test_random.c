#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/random.h"

/* The first outputs of the reference implementation for the state 1234567. */
static void the_sequence_is_splitmix64(void **state)
{
    uint64_t at = 1234567;

    (void)state;
    assert_true(random_next(&at) == UINT64_C(6457827717110365317));
    assert_true(random_next(&at) == UINT64_C(3203168211198807973));
    assert_true(random_next(&at) == UINT64_C(9817491932198370423));
}

static void random_bytes_differ(void **state)
{
    char one[2 * RANDOM_HEX_MAX + 1], two[2 * RANDOM_HEX_MAX + 1];
    struct err err = {0};

    (void)state;
    assert_int_equal(random_hex(one, RANDOM_HEX_MAX, &err), 0);
    assert_int_equal(random_hex(two, RANDOM_HEX_MAX, &err), 0);
    assert_int_equal(strlen(one), 2 * RANDOM_HEX_MAX);
    assert_int_equal(strspn(one, "0123456789abcdef"), 2 * RANDOM_HEX_MAX);
    assert_string_not_equal(one, two);
    assert_int_equal(random_hex(one, 4, &err), 0);
    assert_int_equal(strlen(one), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_is_splitmix64),
        cmocka_unit_test(random_bytes_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
