#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "os/memory.h"

static void mapped_pages_are_zero_and_writable(void **state)
{
    enum { SIZE = 3 * 1024 * 1024 + 5 };
    unsigned char *pages = os_map(SIZE);

    (void)state;
    assert_non_null(pages);
    assert_int_equal(pages[0] | pages[SIZE / 2] | pages[SIZE - 1], 0);
    memset(pages, 0xff, SIZE);
    os_unmap(pages, SIZE);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    errno = 0;
    assert_null(os_map(SIZE_MAX / 2));
    assert_int_equal(errno, ENOMEM);
}

static void a_secret_is_erased(void **state)
{
    char secret[] = "secret", zeros[sizeof secret] = {0};

    (void)state;
    os_wipe(secret, 0);
    assert_string_equal(secret, "secret");
    os_wipe(secret, sizeof secret);
    assert_memory_equal(secret, zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mapped_pages_are_zero_and_writable),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(a_secret_is_erased),
    };

    os_heap_limit();
    os_heap_trim();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
