#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "os/machine.h"
#include "os/memory.h"

static void there_are_processors(void **state)
{
    (void)state;
    assert_in_range(os_processors(), 1, 1u << 20);
    (void)os_has_arm_crc32();
}

/* Systems count with an error of some pages for each thread. */
static void the_peak_counts_bytes(void **state)
{
    enum { SIZE = 32 * 1024 * 1024 };
    void *pages = os_map(SIZE);
    uint64_t peak;

    (void)state;
    assert_non_null(pages);
    memset(pages, 1, SIZE);
    peak = os_peak_memory();
    assert_true(peak == 0 || (peak >= SIZE / 2 && peak < UINT64_C(1) << 40));
    os_unmap(pages, SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_processors),
        cmocka_unit_test(the_peak_counts_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
