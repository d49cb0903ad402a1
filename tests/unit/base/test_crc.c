#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crc.h"

/* The check values of the catalogue of CRCs. */
static void both_sums_have_their_check_values(void **state)
{
    static const uint8_t nvme[] = {0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88};
    static const uint8_t castagnoli[] = {0xe3, 0x06, 0x92, 0x83};
    uint8_t out[CRC_SIZE_MAX];

    (void)state;
    assert_int_equal(crc_of(CRC_64_NVME, view_str("123456789"), out), sizeof nvme);
    assert_memory_equal(out, nvme, sizeof nvme);
    assert_int_equal(crc_of(CRC_32C, view_str("123456789"), out), sizeof castagnoli);
    assert_memory_equal(out, castagnoli, sizeof castagnoli);
    assert_int_equal(crc_of(CRC_64_NVME, view_str(""), out), sizeof nvme);
    assert_memory_equal(out, ((uint8_t[8]){0}), sizeof nvme);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_sums_have_their_check_values)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
