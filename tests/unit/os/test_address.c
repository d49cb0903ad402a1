#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "os/address.h"

static void addresses_are_read_strictly(void **state)
{
    const uint8_t loopback[16] = {[15] = 1};
    uint8_t four[4], six[16];

    (void)state;
    assert_true(os_parse_ipv4("127.0.0.9", four));
    assert_memory_equal(four, "\x7f\0\0\x09", 4);
    assert_false(os_parse_ipv4("127.1", four));
    assert_false(os_parse_ipv4("127.0.0.1:80", four));
    assert_false(os_parse_ipv4("", four));
    assert_true(os_parse_ipv6("::1", six));
    assert_memory_equal(six, loopback, sizeof six);
    assert_false(os_parse_ipv6("[::1]", six));
    assert_false(os_parse_ipv6("127.0.0.1", six));
}

static void a_path_fits_or_is_refused(void **state)
{
    char path[200] = "/";
    struct os_address address;
    size_t longest = 0;

    (void)state;
    assert_false(os_address_of_path("", &address));
    for (size_t i = 1; i < sizeof path; i++) {
        if (os_address_of_path(path, &address))
            longest = i;
        path[i] = 'x';
    }
    assert_in_range(longest, 90, 110); /* 103 or 107 bytes */
}

static void a_numeric_host_is_resolved_without_questions(void **state)
{
    struct os_address found[OS_ADDRESSES_MAX];
    unsigned count;

    (void)state;
    assert_null(os_resolve("127.0.0.1", "80", true, found, &count));
    assert_int_equal(count, 1);
    assert_true(found[0].size > 0);
    assert_null(os_resolve("::1", "80", true, found, &count));
    assert_int_equal(count, 1);
    assert_non_null(os_resolve("localhost", "80", true, found, &count));
    assert_int_equal(count, 0);
    assert_non_null(os_resolve("127.0.0.1", "http", true, found, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_strictly),
        cmocka_unit_test(a_path_fits_or_is_refused),
        cmocka_unit_test(a_numeric_host_is_resolved_without_questions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
