#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/duration.h"

static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"30s", 30000},  {"5m", 300000}, {"1h30m", 5400000}, {"500ms", 500},
                {"1m0s", 60000}, {"45", 45000},  {"2H", 7200000},    {"7d", 604800000},
                {"0s", 0},       {"0", 0},       {"1m500ms", 60500}, {"999999999s", 999999999000}};
    static const char *const bad[] = {"",     "s",  "-5s", "5 m",  "1.5m",        "5y",
                                      "5ms7", "h5", "5mm", "1e3s", "9999999999s", "0x5s"};
    uint64_t ms;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_true(duration_read(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (duration_read(bad[i], &ms))
            fail_msg("\"%s\" is %ju ms", bad[i], (uintmax_t)ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
