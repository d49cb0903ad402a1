/* Whether a seed scan is worth its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "pull/seed/estimate.h"

static void a_scan_must_pay(void **state)
{
    static const struct {
        struct seed_estimate estimate;
        bool pays;
    } cases[] = {
        {{400000000, 1200000000, 1400000000, false, true, 3, 2.5e6}, true},  /* 20 Mbit/s */
        {{400000000, 1200000000, 1400000000, false, true, 3, 200e6}, false}, /* a fast link */
        {{17000000, 1200000000, 1400000000, false, true, 3, 12.5e6}, false}, /* little is missing */
        {{400000000, 1200000000, 1400000000, false, false, 0, 12.5e6},
         false}, /* an unrelated seed */
        {{400000000, 1200000000, 500000000, false, false, 2, 2.5e6},
         true}, /* an image with the same lowest layers */
        /* The scan of layers runs while the daemon loads. */
        {{400000000, 1200000000, 1200000000, true, true, 3, 100e6}, true},
        {{400000000, 1200000000, 1200000000, true, true, 3, 900e6}, true},
        {{400000000, 1200000000, 4000000000, true, true, 3, 900e6}, false}, /* a huge seed */
        {{1000000, 3000000, 1200000000, true, true, 3, 100e6}, false},      /* little is missing */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(estimate_pays(&cases[i].estimate), cases[i].pays);
}

/* 1.2 GB of layers, 400 MB to fetch, and half of the chunks are settled. */
static void a_slow_scan_lags(void **state)
{
    static const struct {
        double rate, seconds;
        uint64_t read;
        bool lags;
    } cases[] = {
        {100e6, 2, 1000000, false},    /* too early to tell */
        {100e6, 4, 600000000, false},  /* as expected */
        {100e6, 4, 100000000, true},   /* 44 s left, but fetching takes 2.4 s */
        {2.5e6, 4, 100000000, false},  /* the link is slower than the disk */
        {100e6, 2, 0, false},          /* nothing read yet, but too early for a decision */
        {100e6, 30, 0, true},          /* the source does not begin */
        {100e6, 9, 1200000000, false}, /* the scan is at its end */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct seed_estimate e = {400000000, 1200000000, 1200000000, true, true, 3, cases[i].rate};

        assert_int_equal(estimate_lags(&e, cases[i].seconds, cases[i].read, 200000000, 600000000),
                         cases[i].lags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_must_pay),
        cmocka_unit_test(a_slow_scan_lags),
    };

    return cmocka_run_group_tests_name("estimate", tests, NULL, NULL);
}
